import { Child } from '../child.js';
import { nodeForPeers, peerScript } from '../peers.js';
import type { Contender } from './contender.js';
import { MANY_UNITS, ONE_UNIT } from './sql.js';

/** A peer that runs on its own Node, by a script in bench/peers. */
const peer = (title: string, units: number, script: string, options: object): Contender => ({
  title,
  units,
  processes: 1,
  commits: true,
  fill: (range, _places, worker) => worker.ask('fill', range),
  launch({ databaseUrl }) {
    const settings = { databaseUrl, ...options };
    return new Child(peerScript(script), settings, { execPath: nodeForPeers(), execArgv: [] });
  },
});

const pgBoss = (title: string, options: object) =>
  peer(title, 80_000, 'pg-boss.mjs', { sql: MANY_UNITS, batchSize: 500, ...options });

export const graphileWorker = peer('graphile-worker, batched', 16_000, 'graphile-worker.mjs', {
  sql: ONE_UNIT,
  concurrentJobs: 24,
  localQueue: 500,
  completeDelayMs: 250,
});

export const pgBoss2 = pgBoss('pg-boss, 500 a batch, 2 at once', { localConcurrency: 2 });
export const pgBoss4 = pgBoss('pg-boss, 500 a batch, 4 at once', { localConcurrency: 4 });
export const pgBossTransactional2 = pgBoss('pg-boss, transactional, 2 at once', {
  localConcurrency: 2,
  transactional: true,
});
export const pgBossTransactional4 = pgBoss('pg-boss, transactional, 4 at once', {
  localConcurrency: 4,
  transactional: true,
});
