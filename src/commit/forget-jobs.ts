import { type Job, Queue } from 'bullmq';
import type { JobData, Unit } from '../operations/unit.js';
import { failFast, unitQueuesWith } from '../queue.js';
import type { RedisClient } from '../redis.js';

const PAGE = 200;

/**
 * Removes the finished and failed jobs from Redis that hold what a user did before their deletion. Those that still
 * wait are dropped when they are taken, by the tombstone.
 *
 * @param deletedAt what was made later is of a user who came back: a failed job of theirs still waits for a person,
 *   however often the deletion is answered
 * @returns how many were removed
 */
export async function forgetJobs(redis: RedisClient, telegramId: number, deletedAt: Date): Promise<number> {
  let removed = 0;
  // All of them, because a unit may name several users and its queue is chosen by one.
  for (const name of await unitQueuesWith(['completed', 'failed'], redis)) {
    const queue = new Queue(name, { connection: redis, ...failFast, skipMetasUpdate: true });
    queue.on('error', () => undefined);
    removed += await forgetJobsIn(queue, telegramId, deletedAt).finally(() => queue.close());
  }
  return removed;
}

async function forgetJobsIn(queue: Queue, telegramId: number, deletedAt: Date): Promise<number> {
  let removed = 0;
  for (const state of ['completed', 'failed'] as const) {
    for (let start = 0; ; ) {
      const page: Job[] = await queue.getJobs([state], start, start + PAGE - 1);
      if (page.length === 0) break;
      const named = page.filter((job) => {
        // Nothing was made later than it was done, whatever a bot's clock said.
        const made = unitsOf(job, telegramId).map(({ at }) => Math.min(at, job.finishedOn ?? at));
        const old = made.map((at) => at <= deletedAt.getTime());
        // What is done is in the ledger as well; what failed is nowhere else.
        return state === 'completed' ? old.includes(true) : old.length > 0 && !old.includes(false);
      });
      await Promise.all(named.map((job) => job.remove()));
      removed += named.length;
      // The next page moved up by as many as were removed.
      start += page.length - named.length;
    }
  }
  return removed;
}

/** The units that name a user; whoever enqueued may have written what they like. */
function unitsOf({ data }: Job, telegramId: number): Unit[] {
  const { units } = (data ?? {}) as Partial<JobData>;
  if (!Array.isArray(units)) return [];
  const naming = units.filter(
    (unit) => Array.isArray(unit?.operations) && unit.operations.some((one) => one?.telegramId === telegramId),
  );
  // What says of itself no time at all is not taken for newer than the deletion.
  return naming.map((unit) => (typeof unit.at === 'number' ? unit : { ...unit, at: 0 }));
}
