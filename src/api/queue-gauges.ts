import type { JobType, Queue } from 'bullmq';
import { Gauge, type Registry } from 'prom-client';
import { within } from '../deadline.js';
import { isOutage } from '../failures.js';
import type { RedisClient } from '../redis.js';

const STATES = ['waiting', 'active', 'delayed', 'prioritized', 'completed', 'failed'] satisfies JobType[];

/** Where the oldest job may be that somebody could be doing. */
const UNFINISHED = ['waiting', 'prioritized', 'active'] satisfies JobType[];

const PATIENCE_MS = 1_000;

/** What the queues hold, as Redis tells when it is asked. BullMQ's own export repeats its headings for each queue. */
export class QueueGauges {
  readonly #queues: readonly Queue[];
  readonly #redis: RedisClient;
  readonly #jobs: Gauge<'queue' | 'state'>;
  readonly #oldest: Gauge<'queue'>;
  readonly #redisUp: Gauge;

  constructor(metrics: Registry, queues: readonly Queue[], redis: RedisClient) {
    const registers = [metrics];
    this.#queues = queues;
    this.#redis = redis;
    this.#jobs = new Gauge({
      name: 'botledger_queue_jobs',
      help: 'Jobs in a queue, by state',
      labelNames: ['queue', 'state'],
      registers,
    });
    this.#oldest = new Gauge({
      name: 'botledger_queue_oldest_job_age_seconds',
      help: 'How long ago the oldest job was enqueued that waits or is being done; 0 when there is none',
      labelNames: ['queue'],
      registers,
    });
    this.#redisUp = new Gauge({
      name: 'botledger_redis_up',
      help: 'Whether Redis answers; while it does not, nothing is said of the queues',
      registers,
    });
  }

  /** Asks Redis. */
  async measure(): Promise<void> {
    try {
      await within(PATIENCE_MS, Promise.all(this.#queues.map((queue) => this.#measure(queue))));
      this.#redisUp.set(1);
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#jobs.reset();
      this.#oldest.reset();
      this.#redisUp.set(0);
    }
  }

  async #measure(queue: Queue): Promise<void> {
    const [counts, ...oldest] = await Promise.all([
      queue.getJobCounts(...STATES),
      ...UNFINISHED.map((state) => queue.getRanges([state], 0, 0, true)),
    ]);
    // Not the jobs themselves: they may be large, and somebody may have written into them.
    const times = await Promise.all(oldest.flat().map((id) => this.#redis.hget(queue.toKey(id), 'timestamp')));
    for (const state of STATES) this.#jobs.set({ queue: queue.name, state }, counts[state] ?? 0);
    const enqueued = times.map(Number).filter((time) => time > 0);
    const age = Math.max(0, Date.now() - Math.min(...enqueued, Date.now()));
    this.#oldest.set({ queue: queue.name }, age / 1_000);
  }
}
