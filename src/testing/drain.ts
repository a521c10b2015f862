import { setTimeout as pause } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import { errorOfReason } from '../errors.js';
import type { Closable } from '../lifecycle.js';
import { type JobData, jobName } from '../operations/unit.js';
import { UNITS_QUEUE } from '../queue.js';
import { openWorkerRedis, type RedisClient } from '../redis.js';

const STATES = ['wait', 'prioritized', 'active', 'delayed', 'failed'] as const;

const LOOK_AGAIN_MS = 5;

/** Waits for the queue of a test's ledger to run empty. */
export class Drain implements Closable {
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  /** A failure is told once: what comes after it in a test is not to blame. */
  readonly #told = new Set<string>();

  constructor(redisUrl: string) {
    this.#redis = openWorkerRedis(redisUrl);
    this.#queue = new Queue(UNITS_QUEUE, { connection: this.#redis });
    this.#queue.on('error', () => undefined);
  }

  /**
   * Resolves when no unit waits.
   *
   * @throws AggregateError when units failed; Error when it takes longer than `timeoutMs`
   */
  async untilApplied({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      // What waits for another try has failed already; it would take two minutes to fail for good.
      const { delayed = 0, failed = 0, ...waiting } = await this.#queue.getJobCounts(...STATES);
      if (delayed + failed > this.#told.size) await this.#tellFailures();
      const left = Object.values(waiting).reduce((sum, count) => sum + count, 0);
      if (left === 0) return;
      if (performance.now() > deadline) throw new Error(`drain(): ${left} jobs still wait after ${timeoutMs} ms`);
      await pause(LOOK_AGAIN_MS);
    }
  }

  async #tellFailures(): Promise<void> {
    const jobs: Job<JobData>[] = await this.#queue.getJobs(['failed', 'delayed']);
    const fresh = jobs.filter(({ id, failedReason }) => failedReason && !this.#told.has(id as string));
    for (const { id } of fresh) this.#told.add(id as string);
    if (fresh.length === 0) return;
    const lines = fresh.map(({ data, failedReason }) => `${nameOf(data)}: ${failedReason}`);
    const errors = fresh.map(({ data, failedReason }) => errorOfReason(data.units[0]?.key ?? '', failedReason));
    throw new AggregateError(
      errors,
      `${fresh.length === 1 ? 'A unit' : `${fresh.length} units`} failed:\n  ${lines.join('\n  ')}`,
    );
  }

  async close(): Promise<void> {
    await this.#queue.close();
    this.#redis.disconnect();
  }
}

const nameOf = ({ units }: JobData) => `${jobName(units)} "${units[0]?.key}"`;
