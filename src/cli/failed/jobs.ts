import { once } from 'node:events';
import { Job, Queue } from 'bullmq';
import { EVENTS_QUEUE, readWishes } from '../../event-queue.js';
import { type Closable, closeAll } from '../../lifecycle.js';
import { nameOf, type Unit } from '../../operations/unit.js';
import { failFast, queueName, unitQueuesWith } from '../../queue.js';
import { openProducerRedis, type RedisClient } from '../../redis.js';

/** A job that failed for good. */
export interface FailedJob {
  id: string;
  queue: string;
  failedAt: Date | undefined;
  attempts: number;
  /** Of its units or, for an event, whom it is for. */
  bot: string;
  /** Of its units, or the type of an event. */
  operations: string;
  reason: string;
  payload: unknown;
}

/** Which failed jobs are meant; absent is any. */
export interface Filters {
  queue?: string;
  /** Part of the reason, in any case. */
  reason?: string;
  /** A whole name. */
  operation?: string;
  bot?: string;
}

const PAGE = 200;

/** How long Redis may take to be there. */
const REDIS_PATIENCE_MS = 3_000;

/** What failed for good, in the queues of units and of events. */
export class FailedJobs implements Closable {
  readonly #redis: RedisClient;
  readonly #queues: readonly Queue[];

  /** @throws Error when Redis is away */
  static async open(redisUrl: string): Promise<FailedJobs> {
    const redis = openProducerRedis(redisUrl);
    try {
      await once(redis, 'ready', { signal: AbortSignal.timeout(REDIS_PATIENCE_MS) });
      const bots = [...(await readWishes(redis)).keys()];
      const names = await unitQueuesWith(['failed'], redis);
      const events = bots.map((bot) => queueName(`${EVENTS_QUEUE}~${bot}`, redis));
      return new FailedJobs(redis, [...names, ...events]);
    } catch (cause) {
      redis.disconnect();
      throw new Error('Redis does not answer: check REDIS_URL, and that it is up', { cause });
    }
  }

  private constructor(redis: RedisClient, names: readonly string[]) {
    this.#redis = redis;
    this.#queues = names.map((name) => {
      const queue = new Queue(name, { connection: redis, ...failFast, skipMetasUpdate: true });
      queue.on('error', () => undefined);
      return queue;
    });
  }

  /** Those that the filters let through, queue by queue, the latest first. */
  async *matching(filters: Filters): AsyncGenerator<FailedJob> {
    for (const queue of this.#queues.filter(({ name }) => filters.queue === undefined || name === filters.queue)) {
      const seen = new Set<string>();
      for (let start = 0; ; start += PAGE) {
        const ids = await queue.getRanges(['failed'], start, start + PAGE - 1, false);
        if (ids.length === 0) break;
        // What fails meanwhile moves the others down, into the next page.
        const jobs = await Promise.all(ids.filter((id) => !seen.has(id)).map((id) => read(queue, id)));
        for (const id of ids) seen.add(id);
        for (const job of jobs) if (job && fits(job, filters)) yield job;
      }
    }
  }

  /** The failed jobs of this id; every queue counts by itself. */
  async find(id: string, { queue }: Filters): Promise<FailedJob[]> {
    const asked = this.#queues.filter(({ name }) => queue === undefined || name === queue);
    const found = await Promise.all(
      asked.map(async (one) => ((await one.getJobState(id)) === 'failed' ? read(one, id) : undefined)),
    );
    return found.filter((job) => job !== undefined);
  }

  /** Puts a job back into its queue, with all its attempts; says whether it was still there to be. */
  async retry({ id, queue }: FailedJob): Promise<boolean> {
    try {
      const job = await Job.fromId(this.#of(queue), id);
      await job?.retry('failed', { resetAttemptsMade: true });
      return job !== undefined;
    } catch (error) {
      this.#requireRedis(error);
      return false;
    }
  }

  /** Removes a job for good; says whether it was still there to be. */
  async discard({ id, queue }: FailedJob): Promise<boolean> {
    const isFailed = (await this.#of(queue).getJobState(id)) === 'failed';
    return isFailed && (await this.#of(queue).remove(id)) === 1;
  }

  #of(name: string): Queue {
    return this.#queues.find((queue) => queue.name === name) as Queue;
  }

  #requireRedis(cause: unknown): void {
    if (this.#redis.status !== 'ready') throw new Error('Redis went away; what was done stays done', { cause });
  }

  async close(): Promise<void> {
    await closeAll([{ close: async () => this.#redis.disconnect() }, ...this.#queues]);
  }
}

async function read(queue: Queue, id: string): Promise<FailedJob | undefined> {
  try {
    const job: Job | undefined = await Job.fromId(queue, id);
    return job && describe(queue, job);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    const unknown = { failedAt: undefined, attempts: 0, bot: '', operations: '', payload: undefined };
    return { ...unknown, id, queue: queue.name, reason: 'this job cannot be read: somebody wrote into it; discard it' };
  }
}

function describe(queue: Queue, job: Job): FailedJob {
  const { units } = (job.data ?? {}) as { units?: unknown };
  const known = (Array.isArray(units) ? units : []).filter(isUnit);
  const [, botOfEvents] = /~(.+?)\}?$/.exec(queue.name.includes(EVENTS_QUEUE) ? queue.name : '') ?? [];
  return {
    id: String(job.id),
    queue: queue.name,
    failedAt: job.finishedOn ? new Date(job.finishedOn) : undefined,
    attempts: job.attemptsMade,
    bot: botOfEvents ?? [...new Set(known.map(({ bot }) => bot))].join('+'),
    operations: botOfEvents ? job.name : nameOf(known.flatMap(({ operations }) => operations)) || job.name,
    reason: job.failedReason ?? '',
    payload: job.data,
  };
}

/** Whoever enqueues may write what they like. */
const isUnit = (unit: Partial<Unit> | null): unit is Unit =>
  typeof unit?.bot === 'string' &&
  Array.isArray(unit.operations) &&
  unit.operations.every((operation: { name?: unknown } | null) => typeof operation?.name === 'string');

function fits({ reason, operations, bot }: FailedJob, filters: Filters): boolean {
  return (
    (filters.reason === undefined || reason.toLowerCase().includes(filters.reason.toLowerCase())) &&
    (filters.operation === undefined || operations.split('+').includes(filters.operation)) &&
    (filters.bot === undefined || bot.split('+').includes(filters.bot))
  );
}
