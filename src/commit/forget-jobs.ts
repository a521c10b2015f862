import { type Job, Queue } from 'bullmq';
import type { JobData } from '../operations/unit.js';
import { failFast, unitQueuesWith } from '../queue.js';
import type { RedisClient } from '../redis.js';

const PAGE = 200;

/**
 * Removes the finished and failed jobs that name a user from Redis. Those that still wait are dropped when they are
 * taken, by the tombstone.
 *
 * @returns how many were removed
 */
export async function forgetJobs(redis: RedisClient, telegramId: number): Promise<number> {
  let removed = 0;
  // All of them, because a unit may name several users and its queue is chosen by one.
  for (const name of await unitQueuesWith(['completed', 'failed'], redis)) {
    const queue = new Queue(name, { connection: redis, ...failFast, skipMetasUpdate: true });
    queue.on('error', () => undefined);
    removed += await forgetJobsIn(queue, telegramId).finally(() => queue.close());
  }
  return removed;
}

async function forgetJobsIn(queue: Queue, telegramId: number): Promise<number> {
  let removed = 0;
  for (const state of ['completed', 'failed'] as const) {
    for (let start = 0; ; ) {
      const page: Job[] = await queue.getJobs([state], start, start + PAGE - 1);
      if (page.length === 0) break;
      const named = page.filter((job) => names(job, telegramId));
      await Promise.all(named.map((job) => job.remove()));
      removed += named.length;
      // The next page moved up by as many as were removed.
      start += page.length - named.length;
    }
  }
  return removed;
}

function names({ data }: Job, telegramId: number): boolean {
  const { units } = (data ?? {}) as Partial<JobData>;
  return (
    Array.isArray(units) && units.some((unit) => unit?.operations?.some?.((one) => one?.telegramId === telegramId))
  );
}
