import { startCommitWorker } from '../../src/commit/worker.js';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database.js';
import { closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { UNITS_QUEUE } from '../../src/queue.js';
import type { Contender } from './contender.js';
import { enqueueLone, enqueuePacks } from './enqueue.js';

/** botledger, one unit per job. */
export const botledgerLone: Contender = {
  name: 'botledger, lone units',
  queue: UNITS_QUEUE,
  jobs: 20_000,
  commits: true,
  enqueue: enqueueLone,
  async work({ redisUrl, databaseUrl }) {
    const config = readConfig({ REDIS_URL: redisUrl, DATABASE_URL: databaseUrl });
    const database = new Database({ url: databaseUrl, lookupsOnly: true });
    const worker = await startCommitWorker({ config, database, logger: createLogger('bench', 'warn') });
    return { close: () => closeAll([database, worker]) };
  },
};

/** botledger, as a busy SDK sends. */
export const botledgerPacks: Contender = {
  ...botledgerLone,
  name: 'botledger, packs',
  jobs: 60_000,
  enqueue: enqueuePacks,
};
