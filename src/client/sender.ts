import { once } from 'node:events';
import type { Job, Queue } from 'bullmq';
import { QueueUnavailableError } from '../errors.js';
import { jobName, type Unit } from '../operations/unit.js';
import { failFast, partitionOf, UnitQueues, unitJobOptions } from '../queue.js';
import { openProducerRedis, type RedisClient } from '../redis.js';

/** A unit ready to go. */
export interface SizedUnit {
  unit: Unit;
  /** The size of its operations as JSON. */
  bytes: number;
  /** Whether it goes as a job of its own, so that nothing else is in the job of a deletion. */
  alone: boolean;
}

/** Where a unit went: the job that carries it, and its place in it. */
export interface Place {
  job: Job;
  index: number;
}

interface Pending extends SizedUnit {
  deadline: number;
  resolve(place: Place): void;
  reject(error: Error): void;
}

/** A send that Redis has not confirmed after this long is given up: bots must not hang. */
const SEND_TIMEOUT_MS = 900;

/** Beyond this many units a pack saves next to nothing more, and a worker that dies repeats more. */
const PACK_MAX_UNITS = 128;

/** Keeps a worker's memory bounded, and Redis free of long pauses. */
const PACK_MAX_BYTES = 256 * 1024;

/** Puts units into the queues of their partitions. Each has a send of its own under way. */
export class Sender {
  readonly #redis: RedisClient;
  readonly queues: UnitQueues;
  readonly #partitions: readonly PartitionSender[];

  constructor(redisUrl: string, partitions: number) {
    this.#redis = openProducerRedis(redisUrl);
    this.queues = new UnitQueues(this.#redis, partitions, failFast);
    this.#partitions = this.queues.all.map((queue) => new PartitionSender(this.#redis, queue));
  }

  /**
   * Sends units, those of one user in their order and after those sent before.
   *
   * @returns their places, once Redis holds them
   * @throws QueueUnavailableError within a second; the units may still have arrived
   */
  send(units: readonly SizedUnit[]): Promise<Place[]> {
    const deadline = Date.now() + SEND_TIMEOUT_MS;
    const { length } = this.#partitions;
    const places = units.map((sized) => {
      const partition = this.#partitions[partitionOf(sized.unit, length)] as PartitionSender;
      return new Promise<Place>((resolve, reject) => partition.add({ ...sized, deadline, resolve, reject }));
    });
    for (const partition of this.#partitions) partition.start();
    return Promise.all(places);
  }

  async close(): Promise<void> {
    await this.queues.close();
    this.#redis.disconnect();
  }
}

/**
 * Puts units into one queue. While one send is under way, what else comes gathers and goes as one job, a *pack*, when
 * the first returns: a lone unit goes at once, and a busy bot pays for a fraction of a job per unit. No timer.
 */
class PartitionSender {
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  #pending: Pending[] = [];
  #sending = false;

  constructor(redis: RedisClient, queue: Queue) {
    this.#redis = redis;
    this.#queue = queue;
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
    for (const pending of this.#pending) {
      bytes += pending.bytes;
      const full = size >= PACK_MAX_UNITS || bytes > PACK_MAX_BYTES;
      if (size > 0 && (full || pending.alone || this.#pending[0]?.alone)) break;
      size++;
    }
    return this.#pending.splice(0, size);
  }

  async #sendPack(pack: readonly Pending[]): Promise<void> {
    const units = pack.map(({ unit }) => unit);
    try {
      const job = await this.#beforeDeadline(pack[0]?.deadline ?? 0, async (signal) => {
        if (this.#redis.status !== 'ready') await once(this.#redis, 'ready', { signal });
        return this.#queue.add(jobName(units), { v: 1, units }, unitJobOptions);
      });
      for (const [index, { resolve }] of pack.entries()) resolve({ job, index });
    } catch (cause) {
      for (const { unit, reject } of pack) reject(new QueueUnavailableError(unit.key, { cause }));
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
