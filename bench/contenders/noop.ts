import { Worker } from 'bullmq';
import { keepCompleted } from '../../src/queue.js';
import type { Contender } from './contender.js';
import { enqueueLone, withQueue } from './enqueue.js';
import { launchWorker } from './launch.js';
import { openPlainRedis } from './plain-redis.js';

/** The queue of this contender. */
export const NOOP_QUEUE = 'bench-noop';

/** A BullMQ worker that does nothing: the ceiling of one unit per job. */
export const noop: Contender = {
  title: 'no-op BullMQ worker',
  units: 20_000,
  processes: 1,
  commits: false,
  queue: NOOP_QUEUE,
  fill: (range, { redisUrl }) => withQueue(NOOP_QUEUE, redisUrl, (queue) => enqueueLone(queue, range)),
  launch: (places) => launchWorker('noop', places),
  async work({ redisUrl }) {
    const connection = openPlainRedis(redisUrl);
    const worker = new Worker(NOOP_QUEUE, async () => [], {
      connection,
      concurrency: 1_000,
      removeOnComplete: keepCompleted,
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
