import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { closeAll } from '../../src/lifecycle.js';
import { UNITS_QUEUE } from '../../src/queue.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

/** A database, a Redis and real commit workers. */
export interface Fleet extends FreshDatabase {
  readonly redisUrl: string;
  readonly queue: Queue;
  /** The environment that every process of the fleet gets. */
  readonly environment: Record<string, string>;
  readonly workers: Process[];
  startWorkers(count: number): Promise<void>;
  /** Waits until no job waits, runs or is delayed. */
  drained(timeoutMs?: number): Promise<void>;
}

export async function startFleet(dialect: 'postgres' | 'sqlite'): Promise<Fleet> {
  const fresh = await freshDatabase(dialect);
  const redisUrl = await freshRedisUrl();
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(UNITS_QUEUE, { connection });
  // Small batches and short locks, so that a worker can be killed in the middle of its work.
  const environment = {
    DATABASE_URL: fresh.url,
    REDIS_URL: redisUrl,
    BATCH_MAX_UNITS: '200',
    WORKER_CONCURRENCY: '10',
    STALLED_AFTER_SECONDS: '5',
  };
  const workers: Process[] = [];
  return {
    ...fresh,
    redisUrl,
    queue,
    environment,
    workers,
    async startWorkers(count) {
      const started = Array.from({ length: count }, () => startProcess('workers/commit.js', { environment }));
      workers.push(...started);
      await Promise.all(started.map((worker) => worker.says('commit worker is ready')));
    },
    async drained(timeoutMs = 30_000) {
      const unfinished = async () => {
        const counts = await queue.getJobCounts('wait', 'active', 'delayed');
        return Object.values(counts).reduce((sum, count) => sum + count, 0);
      };
      await until(async () => (await unfinished()) === 0, { timeoutMs, what: 'the queue is empty' });
    },
    async close() {
      await closeAll([fresh, { close: () => connection.quit() }, queue, ...workers]);
    },
  };
}
