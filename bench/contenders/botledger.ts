import { startCommitWorker } from '../../src/commit/worker.js';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database.js';
import { keepCompiled } from '../../src/keep-compiled.js';
import { closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { UNITS_QUEUE } from '../../src/queue.js';
import type { Contender, Work } from './contender.js';
import { enqueueLone, enqueuePacks, withQueue } from './enqueue.js';
import { launchWorker } from './launch.js';
import { NotingDatabase } from './noting-database.js';

/** A commit worker as workers/commit.js starts it. */
async function work({ redisUrl, databaseUrl, note }: Work) {
  keepCompiled();
  const config = readConfig({ REDIS_URL: redisUrl, DATABASE_URL: databaseUrl });
  const options = { url: databaseUrl, poolSize: config.databasePoolSize, lookupsOnly: true };
  const database = note ? new NotingDatabase(options, note) : new Database(options);
  const worker = await startCommitWorker({ config, database, logger: createLogger('bench', 'warn') });
  return { close: () => closeAll([database, worker]) };
}

/** botledger, one unit per job. */
export const botledgerLone: Contender = {
  title: 'botledger, lone units',
  units: 20_000,
  processes: 1,
  commits: true,
  queue: UNITS_QUEUE,
  fill: (range, { redisUrl }) => withQueue(UNITS_QUEUE, redisUrl, (queue) => enqueueLone(queue, range)),
  launch: (places) => launchWorker('botledgerLone', places),
  work,
};

/** botledger, as a busy SDK sends. */
export const botledgerPacks: Contender = {
  ...botledgerLone,
  title: 'botledger, packs',
  units: 100_000,
  fill: (range, { redisUrl }) => withQueue(UNITS_QUEUE, redisUrl, (queue) => enqueuePacks(queue, range)),
};

export const botledgerLone2: Contender = {
  ...botledgerLone,
  title: 'botledger, lone units, two workers',
  processes: 2,
};

export const botledgerPacks2: Contender = {
  ...botledgerPacks,
  title: 'botledger, packs, two workers',
  processes: 2,
};
