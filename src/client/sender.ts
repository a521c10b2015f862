import { once } from 'node:events';
import type { Job, Queue } from 'bullmq';
import { QueueUnavailableError } from '../errors.js';
import { HotSessions } from '../hot/sessions.js';
import { type CheckedUnit, isAlone, jobName, type Unit } from '../operations/unit.js';
import { failFast, partitionOf, UnitQueues, unitJobOptions } from '../queue.js';
import { openProducerRedis, type RedisClient } from '../redis.js';
import { enterSessions } from './hot-writes.js';

/** A unit ready to go. */
export interface ReadyUnit {
  unit: Unit;
  checked: CheckedUnit;
  /** Whether its key was given, so that a unit under the same key may come again. */
  keyed: boolean;
  /** Users whose hot sessions note the unit besides those whose sessions it writes. */
  noteFor?: readonly number[];
}

/** Where a unit went: the job that carries it, and its place in it. */
export interface Place {
  job: Pick<Job, 'id' | 'queueName'>;
  index: number;
}

interface Pending extends ReadyUnit {
  deadline: number;
  resolve(place: Place): void;
  reject(error: Error): void;
}

/** A send that Redis has not confirmed after this long is given up: bots must not hang. */
const SEND_TIMEOUT_MS = 900;

/** Beyond this many units a pack saves next to nothing more, and a worker that dies repeats more. */
const PACK_MAX_UNITS = 128;

/** Keeps a worker's memory bounded, and Redis free of long pauses. */
const PACK_MAX_BYTES = 512 * 1024;

/** Puts units into the queues of their partitions. Each has a send of its own under way. */
export class Sender {
  readonly redis: RedisClient;
  readonly queues: UnitQueues;
  readonly sessions: HotSessions;
  readonly #partitions: readonly PartitionSender[];

  constructor(redisUrl: string, partitions: number, sessionTtlSeconds: number | undefined) {
    this.redis = openProducerRedis(redisUrl);
    this.queues = new UnitQueues(this.redis, partitions, failFast);
    this.sessions = new HotSessions(this.redis, sessionTtlSeconds);
    this.#partitions = this.queues.all.map((queue) => new PartitionSender(this.redis, queue, this.sessions));
  }

  /**
   * Sends units, those of one user in their order and after those sent before. Their sessions are hot when they are in
   * the queue, and not before: what is read there was enqueued. Should the bot die in between, the commit removes what
   * it finds outdated.
   *
   * @returns their places, once Redis holds them
   * @throws QueueUnavailableError within a second; the units may still have arrived
   */
  send(units: readonly ReadyUnit[]): Promise<Place[]> {
    const deadline = Date.now() + SEND_TIMEOUT_MS;
    const { length } = this.#partitions;
    const places = units.map((ready) => {
      const partition = this.#partitions[partitionOf(ready.unit, length)] as PartitionSender;
      return new Promise<Place>((resolve, reject) => partition.add({ ...ready, deadline, resolve, reject }));
    });
    for (const partition of this.#partitions) partition.start();
    return Promise.all(places);
  }

  async close(): Promise<void> {
    await this.queues.close();
    this.redis.disconnect();
  }
}

/**
 * Puts units into one queue. While one send is under way, what else comes gathers and goes as one job, a *pack*, when
 * the first returns: a lone unit goes at once, and a busy bot pays for a fraction of a job per unit. No timer.
 */
class PartitionSender {
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  readonly #sessions: HotSessions;
  #pending: Pending[] = [];
  #sending = false;

  constructor(redis: RedisClient, queue: Queue, sessions: HotSessions) {
    this.#redis = redis;
    this.#queue = queue;
    this.#sessions = sessions;
    // Each receipt that waits listens for the queue's closing.
    queue.setMaxListeners(0);
  }

  add(pending: Pending): void {
    this.#pending.push(pending);
  }

  /** Sends what was added, unless that is being done already. */
  start(): void {
    if (!this.#sending && this.#pending.length > 0) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    while (this.#pending.length > 0) await this.#sendPack(this.#takePack());
    this.#sending = false;
  }

  #takePack(): Pending[] {
    let bytes = 0;
    let size = 0;
    // Nothing else is in the job of a deletion.
    let alone = false;
    for (const { checked } of this.#pending) {
      bytes += checked.bytes;
      const full = size >= PACK_MAX_UNITS || bytes > PACK_MAX_BYTES;
      if (size > 0 && (full || alone || isAlone(checked))) break;
      alone = isAlone(checked);
      size++;
    }
    return this.#pending.splice(0, size);
  }

  async #sendPack(pack: readonly Pending[]): Promise<void> {
    const units = pack.map(({ unit }) => unit);
    const deadline = pack[0]?.deadline ?? 0;
    const fail = (cause: unknown) => {
      for (const { unit, reject } of pack) reject(new QueueUnavailableError(unit.key, { cause }));
    };
    try {
      const job = await this.#beforeDeadline(deadline, async (signal) => {
        if (this.#redis.status !== 'ready') await once(this.#redis, 'ready', { signal });
        return this.#queue.add(jobName(units), { v: 1, units }, unitJobOptions);
      });
      const entered = pack.flatMap((ready, index) => enterSessions(this.#sessions, ready, { job, index }));
      const done = () => {
        for (const [index, { resolve }] of pack.entries()) resolve({ job, index });
      };
      if (entered.length === 0) return done();
      // The next pack does not wait for it: on one connection, what is asked first is done first.
      void this.#beforeDeadline(deadline, () => Promise.all(entered)).then(done, fail);
    } catch (cause) {
      fail(cause);
    }
  }

  #beforeDeadline<T>(deadline: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const giveUp = new AbortController();
    return new Promise((resolve, reject) => {
      const timeout = () => {
        giveUp.abort();
        reject(new Error(`Redis did not answer within ${SEND_TIMEOUT_MS} ms`));
      };
      const timer = setTimeout(timeout, Math.max(1, deadline - Date.now()));
      work(giveUp.signal)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }
}
