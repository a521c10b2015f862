import { Job, Queue } from 'bullmq';
import { Registry } from 'prom-client';
import { startCommitWorker } from '../../src/commit/worker.js';
import { readConfig } from '../../src/config.js';
import type { Database } from '../../src/database.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { UNITS_QUEUE, unitJobOptions } from '../../src/queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { until } from './until.js';

/** The queue of a test, as any producer sees it. */
export interface TestQueue extends Closable {
  readonly queue: Queue;
  /** Enqueues data as a job; whoever does so may write what they like. */
  add(data: unknown, name?: string): Promise<Job>;
  /** The job as it is once it has got into one of these states. */
  reached(id: string | undefined, ...states: string[]): Promise<Job>;
  /** Whether Redis is away, as far as is known here. */
  lost(): boolean;
}

export function openQueue(redisUrl: string): TestQueue {
  const connection = openWorkerRedis(redisUrl);
  const queue = new Queue(UNITS_QUEUE, { connection });
  queue.on('error', () => undefined);
  return {
    queue,
    add: (data, name = 'test') => queue.add(name, data, unitJobOptions),
    async reached(id = '', ...states) {
      const inState = async () => states.includes(await queue.getJobState(id));
      await until(inState, { what: `job ${id} is ${states.join(' or ')}`, timeoutMs: 20_000 });
      return (await Job.fromId(queue, id)) as Job;
    },
    lost: () => connection.status !== 'ready',
    close: () => closeAll([{ close: () => connection.quit() }, queue]),
  };
}

/** A commit worker in this process, with these settings besides. */
export function startWorker(
  database: Database,
  redisUrl: string,
  { env = {}, metrics = new Registry() }: { env?: Record<string, string>; metrics?: Registry } = {},
): Promise<Closable> {
  // The worker is given its database; the address here is never used.
  const config = readConfig({ DATABASE_URL: 'sqlite:unused', REDIS_URL: redisUrl, ...env });
  return startCommitWorker({ config, database, metrics, logger: createLogger('test', 'silent') });
}
