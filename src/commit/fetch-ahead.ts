import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { type BackendFactory, createRedisBackend, type JobJson, RedisQueueBackend, type WorkerOptions } from 'bullmq';
import { isCluster, type RedisClient } from '../redis.js';

/** BullMQ's script that takes the next job. It is no part of what BullMQ exports, so it has no types either. */
const { moveToActive } = createRequire(import.meta.url)('bullmq/dist/cjs/scripts') as {
  moveToActive: { content: string; keys: number };
};

/** The name of the script below among the commands of a connection. */
const TAKE_NEXT = 'botledgerTakeNext';

/** It runs long after it was sent, so the time must be that of Redis. */
const takeNext = `local now = redis.call('TIME')
ARGV[2] = now[1] * 1000 + math.floor(now[2] / 1000)
${moveToActive.content}`;

/** How long a wait that was ended may take to say so. */
const END_MS = 10;

/** What BullMQ's scripts tell of the next job: its hash, its id, and two delays. */
type NextJob = [job?: JobJson, id?: string, rateLimitDelay?: number, delayUntil?: number];

const tokens = new WeakMap<JobJson, string>();

/** The token of the lock under which a job was taken; undefined when it is the one that BullMQ knows. */
export const tokenOf = (job: JobJson): string | undefined => tokens.get(job);

/** Takes the next job over the connection on which a worker waits. */
class Taker extends RedisQueueBackend {
  override execCommand(...[client, , args]: Parameters<RedisQueueBackend['execCommand']>): Promise<unknown> {
    return (client as { runCommand(name: string, args: unknown[]): Promise<unknown> }).runCommand(TAKE_NEXT, args);
  }
}

/**
 * BullMQ's backend for a worker that sends for the next job together with waiting for one: Redis keeps the second
 * command until the first is answered. BullMQ alone asks when it knows that there is a job, which takes an idle worker
 * a round trip more. On a Redis Cluster, where the order of commands is nobody's promise, it is BullMQ's own.
 */
export const fetchAhead: BackendFactory<RedisQueueBackend> = (name, options, kind) => {
  const backend = createRedisBackend(name, options, kind);
  const { blockingConnection: connection, keys } = backend;
  const redis = options.connection as RedisClient;
  if (!connection || isCluster(redis)) return backend;

  const taker = new Taker(connection, name, keys, (type) => backend.toKey(type), options, undefined, false);
  const defined = connection.client.then((client) =>
    (client as { defineCommand(name: string, command: object): void }).defineCommand(TAKE_NEXT, {
      numberOfKeys: moveToActive.keys,
      lua: takeNext,
    }),
  );
  defined.catch(() => undefined);
  const { waitForJob, moveToActive: ask, disconnectBlocking } = backend;
  /** What was asked and is not taken yet. */
  let asked: Promise<NextJob | undefined> | undefined;
  /** What was asked last, taken or not. */
  let answered: Promise<unknown> | undefined;
  let unanswered = 0;

  /** @returns undefined when the connection failed: then BullMQ asks by itself */
  const askAhead = async (): Promise<NextJob | undefined> => {
    const token = randomUUID();
    unanswered++;
    try {
      const next = (await taker.moveToActive(token, (options as WorkerOptions).name)) as NextJob;
      if (next[0]) tokens.set(next[0], token);
      return next;
    } catch {
      return undefined;
    } finally {
      unanswered--;
    }
  };

  return Object.assign(backend, {
    async waitForJob(seconds: number) {
      if (asked) return { member: '', score: 0 };
      await defined;
      const found = waitForJob.call(backend, seconds);
      // In this order: what Redis runs before the wait finds nothing, and is asked once more.
      asked = askAhead();
      answered = asked;
      return found;
    },

    async moveToActive(token: string, worker: string) {
      const next = asked;
      asked = undefined;
      return (await next) ?? ask.call(backend, token, worker);
    },

    /** Ends the wait first, as a job would: one that comes at this moment would be taken, and nobody would know. */
    async disconnectBlocking(wait?: boolean) {
      while (unanswered > 0) {
        await redis.zadd(keys['marker'] as string, 0, '0');
        await Promise.race([answered, pause(END_MS)]);
      }
      await disconnectBlocking.call(backend, wait);
    },
  });
};
