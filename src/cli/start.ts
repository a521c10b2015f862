import { showAccess } from './access.js';
import { startAllInOne } from './all-in-one.js';
import { endOnError } from './process.js';

/** `botledger start`: all parts in one process. */
export const runStart = () =>
  endOnError(async () => {
    const { url, config } = await startAllInOne();
    console.log(`\n${showAccess(url, config)}\nREDIS_URL   ${config.redisUrl}\n`);
  });
