import { Worker } from 'bullmq';
import { openWorkerRedis } from '../../src/queue.js';
import type { Contender } from './contender.js';
import { enqueueLone } from './enqueue.js';

/** A BullMQ worker that does nothing: the ceiling of one unit per job. */
export const noop: Contender = {
  name: 'no-op BullMQ worker',
  queue: 'bench-noop',
  jobs: 20_000,
  commits: false,
  enqueue: enqueueLone,
  async work({ redisUrl }) {
    const connection = openWorkerRedis(redisUrl);
    const worker = new Worker('bench-noop', async () => [], {
      connection,
      concurrency: 1_000,
      removeOnComplete: { age: 3_600, count: 5_000 },
    });
    await worker.waitUntilReady();
    return {
      async close() {
        await worker.close();
        await connection.quit();
      },
    };
  },
};
