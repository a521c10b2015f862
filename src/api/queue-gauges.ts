import type { JobType, Queue } from 'bullmq';
import { Gauge, type Registry } from 'prom-client';
import { within } from '../deadline.js';
import { EVENTS_QUEUE, type EventQueues } from '../event-queue.js';
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
  readonly #events: EventQueues;

  /** @param events are told of as one queue: no metric names a bot */
  constructor(metrics: Registry, queues: readonly Queue[], events: EventQueues, redis: RedisClient) {
    const registers = [metrics];
    this.#queues = queues;
    this.#events = events;
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
  }

  /** Asks Redis. */
  async measure(): Promise<void> {
    try {
      const each = this.#queues.map((queue) => this.#measure(queue.name, [queue]));
      await within(PATIENCE_MS, Promise.all([...each, this.#measureEvents()]));
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#jobs.reset();
      this.#oldest.reset();
    }
  }

  async #measureEvents(): Promise<void> {
    const ofBots = await this.#events.wanted();
    await this.#measure(
      EVENTS_QUEUE,
      ofBots.map(({ events }) => events.queue),
    );
  }

  async #measure(name: string, queues: readonly Queue[]): Promise<void> {
    const seen = await Promise.all(queues.map((queue) => this.#lookInto(queue)));
    for (const state of STATES) {
      this.#jobs.set(
        { queue: name, state },
        seen.reduce((sum, { counts }) => sum + (counts[state] ?? 0), 0),
      );
    }
    const oldest = Math.min(...seen.flatMap(({ enqueued }) => enqueued), Date.now());
    this.#oldest.set({ queue: name }, Math.max(0, Date.now() - oldest) / 1_000);
  }

  /** How many jobs a queue holds by state, and when the oldest was enqueued that is not done, by state. */
  async #lookInto(queue: Queue) {
    const [counts, ...oldest] = await Promise.all([
      queue.getJobCounts(...STATES),
      ...UNFINISHED.map((state) => queue.getRanges([state], 0, 0, true)),
    ]);
    // Not the jobs themselves: they may be large, and somebody may have written into them.
    const times = await Promise.all(oldest.flat().map((id) => this.#redis.hget(queue.toKey(id), 'timestamp')));
    return { counts, enqueued: times.map(Number).filter((time) => time > 0) };
  }
}
