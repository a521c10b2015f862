import { type Job, type JobsOptions, type JobType, Queue, QueueKeys, type QueueOptions } from 'bullmq';
import { type Closable, closeAll } from './lifecycle.js';
import type { Unit } from './operations/unit.js';
import { isCluster, type RedisClient } from './redis.js';

/** The queue that carries units from the bots to the commit workers; with several partitions, the first of them. */
export const UNITS_QUEUE = 'botledger';

/** The queue of the scheduled jobs. */
export const SCHEDULE_QUEUE = 'botledger-schedule';

/** A commit worker listens to each partition over a connection of its own, and no Redis Cluster needs more of them. */
export const MOST_PARTITIONS = 64;

/** How long a failing unit waits before it is tried for the second time. */
export const FIRST_DELAY_MS = 500;

/**
 * How a unit's job is retried and kept. A failing rule is retried for about two minutes (0.5 s doubled eight times,
 * spread by half); an outage is not an attempt. What failed for good stays until a person looks at it.
 */
export const unitJobOptions: JobsOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: FIRST_DELAY_MS, jitter: 0.5 },
  stackTraceLimit: 1,
};

/** Finished jobs are kept this long for receipts to fetch their outcome; later it is in the ledger. */
export const keepCompleted = { age: 3_600, count: 5_000 };

/** What a producer's Queue needs besides its connection to fail fast instead of waiting for Redis. */
export const failFast = { skipWaitingForReady: true, skipVersionCheck: true } as const;

/**
 * A queue's name on this Redis. On a Redis Cluster a hash tag keeps all keys of a queue in one slot, as BullMQ's
 * scripts need it.
 */
export const queueName = (name: string, redis: RedisClient): string => (isCluster(redis) ? `{${name}}` : name);

/**
 * The names of the queues that carry units, by partition: `botledger`, `botledger~1`, … The names of the first three,
 * and of the first six, fall evenly on the three masters of a Redis Cluster.
 */
export const unitQueueNames = (partitions: number, redis: RedisClient): string[] =>
  Array.from({ length: partitions }, (_, index) =>
    queueName(index === 0 ? UNITS_QUEUE : `${UNITS_QUEUE}~${index}`, redis),
  );

/**
 * The partition of a unit: by its first user, so that everything of one user is in one queue, in order. Telegram hands
 * out ids one after the other, so their remainders are even; and a producer in any language can tell them.
 */
export function partitionOf({ operations }: Pick<Unit, 'operations'>, partitions: number): number {
  const user = operations.find(({ telegramId }) => telegramId !== undefined)?.telegramId ?? 0;
  return Math.abs(user) % partitions;
}

/**
 * Which queues that may carry units hold jobs in any of these states, however many partitions there should be. It finds
 * what whoever has another QUEUE_PARTITIONS has sent, or had sent.
 */
export async function unitQueuesWith(states: readonly JobType[], redis: RedisClient): Promise<string[]> {
  const keys = new QueueKeys();
  const names = unitQueueNames(MOST_PARTITIONS, redis);
  const held = await Promise.all(names.map((name) => redis.exists(...states.map((state) => keys.toKey(name, state)))));
  return names.filter((_, index) => (held[index] ?? 0) > 0);
}

/** The queues that carry units from the bots to the commit workers, on one connection. */
export class UnitQueues implements Closable {
  /** By partition. */
  readonly all: readonly Queue[];

  constructor(redis: RedisClient, partitions: number, options: Omit<QueueOptions, 'connection'> = {}) {
    this.all = unitQueueNames(partitions, redis).map((name) => {
      const queue = new Queue(name, { connection: redis, ...options });
      queue.on('error', () => undefined);
      return queue;
    });
  }

  /** The queue that a unit belongs into. */
  of(unit: Pick<Unit, 'operations'>): Queue {
    return this.all[partitionOf(unit, this.all.length)] as Queue;
  }

  /** The job of this id, and the queue that it is in; its id does not tell that. */
  async find(jobId: string): Promise<{ queue: Queue; job: Job } | undefined> {
    const jobs: (Job | undefined)[] = await Promise.all(this.all.map((queue) => queue.getJob(jobId)));
    const partition = jobs.findIndex((job) => job !== undefined);
    const [queue, job] = [this.all[partition], jobs[partition]];
    return queue && job && { queue, job };
  }

  async close(): Promise<void> {
    await closeAll(this.all);
  }
}
