import type { JobsOptions, RedisOptions } from 'bullmq';
import { Redis } from 'ioredis';

/** The queue that carries units from the bots to the commit workers. */
export const UNITS_QUEUE = 'botledger';

/** The queue of the scheduled jobs. */
export const SCHEDULE_QUEUE = 'botledger-schedule';

/**
 * How a unit's job is retried and kept. A failing rule is retried for about two minutes (0.5 s doubled eight times,
 * spread by half); an outage is not an attempt. What failed for good stays until a person looks at it.
 */
export const unitJobOptions: JobsOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
  stackTraceLimit: 1,
};

/** Finished jobs are kept this long for receipts to fetch their outcome; later it is in the ledger. */
export const keepCompleted = { age: 3_600, count: 5_000 };

/** The connection of a worker: blocks, waits for Redis for as long as it takes, reconnects. */
export function openWorkerRedis(url: string): Redis {
  return quiet(new Redis(url, { maxRetriesPerRequest: null, retryStrategy }));
}

/**
 * The connection of a producer: a command fails at once while Redis is away, so that the caller can say so; the
 * connection itself keeps coming back.
 */
export function openProducerRedis(url: string): Redis {
  return quiet(
    new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: false, connectTimeout: 1_000, retryStrategy }),
  );
}

/** What a producer's Queue needs besides its connection to fail fast instead of waiting for Redis. */
export const failFast = { skipWaitingForReady: true, skipVersionCheck: true } as const;

/** Soon at first, never more than two seconds apart. */
const retryStrategy: NonNullable<RedisOptions['retryStrategy']> = (times) => Math.min(50 * 2 ** times, 2_000);

// A connection without an error listener prints each lost connection; who owns it listens where it matters.
function quiet(redis: Redis): Redis {
  redis.on('error', () => undefined);
  return redis;
}
