import { Queue } from 'bullmq';
import { query } from '../bench/sql.js';
import type { Closable } from '../src/lifecycle.js';
import { openWorkerRedis } from '../src/redis.js';
import { until } from '../test/helpers/until.js';
import { queueNames, unfinishedStates } from './facts.js';
import type { Fleet } from './fleet.js';

/** As long as retries with their pauses may take. */
export const DRAIN_PATIENCE_MS = 180_000;

/** Watches what is left to do. */
export interface Watch extends Closable {
  /** Jobs that are neither completed nor failed. */
  jobs(): Promise<number>;
  /** Waits until no job is left and every event is delivered. */
  drained(timeoutMs?: number): Promise<void>;
}

export function watch(fleet: Fleet, say: (line: string) => void): Watch {
  const redis = openWorkerRedis(fleet.redis.url);
  const queues = queueNames.map((name) => new Queue(name, { connection: redis }));
  const jobs = async () => {
    const counts = await Promise.all(queues.map((queue) => queue.getJobCountByTypes(...unfinishedStates)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const events = async () => {
    const [row] = await query(fleet.databaseUrl, 'SELECT count(*)::int AS n FROM outbox WHERE delivered_at IS NULL');
    return row?.['n'] as number;
  };
  let last = '';
  const isEmpty = async () => {
    const left = [await jobs(), await events()];
    const line = `left: ${left[0]} jobs, ${left[1]} events in the outbox`;
    if (line !== last) say(line);
    last = line;
    return left.every((count) => count === 0);
  };
  return {
    jobs,
    drained: (timeoutMs = DRAIN_PATIENCE_MS) =>
      until(isEmpty, { timeoutMs, everyMs: 500, what: 'the queues and the outbox are empty' }).then(() => undefined),
    close: async () => redis.disconnect(),
  };
}
