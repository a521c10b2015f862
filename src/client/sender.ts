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

/** Finds where a unit went; one that waits in the spool goes later. */
export type FindPlace = () => Place | Promise<Place>;

/** A unit, and who is told what became of it. */
export interface Delivery extends SizedUnit {
  resolve(find: FindPlace): void;
  reject(error: QueueUnavailableError): void;
}

interface Pending extends Delivery {
  deadline: number;
}

/** A send that Redis has not confirmed after this long is given up: bots must not hang. */
const SEND_TIMEOUT_MS = 900;

/** Beyond this many units a pack saves next to nothing more, and a worker that dies repeats more. */
const PACK_MAX_UNITS = 128;

/** Keeps a worker's memory bounded, and Redis free of long pauses. */
const PACK_MAX_BYTES = 512 * 1024;

/** Has units delivered. @returns where each went, when all of them are; rejects with the first that is not */
export function deliverAll(
  units: readonly SizedUnit[],
  deliver: (deliveries: readonly Delivery[]) => void,
): Promise<FindPlace[]> {
  const deliveries: Delivery[] = [];
  const places = units.map(
    (sized) => new Promise<FindPlace>((resolve, reject) => void deliveries.push({ ...sized, resolve, reject })),
  );
  deliver(deliveries);
  return Promise.all(places);
}

/** Puts units into the queues of their partitions. Each has a send of its own under way. */
export class Sender {
  readonly #redis: RedisClient;
  readonly queues: UnitQueues;
  readonly #partitions: readonly PartitionSender[];

  /**
   * @param options.inOrder whether a unit that does not arrive takes with it those that wait behind it in its
   *   partition, so that whoever sends them again keeps their order; by default each has its own second
   */
  constructor(redisUrl: string, partitions: number, { inOrder = false }: { inOrder?: boolean } = {}) {
    this.#redis = openProducerRedis(redisUrl);
    this.queues = new UnitQueues(this.#redis, partitions, failFast);
    this.#partitions = this.queues.all.map((queue) => new PartitionSender(this.#redis, queue, inOrder));
  }

  /**
   * Sends units, those of one user in their order and after those sent before.
   *
   * @returns their places, once Redis holds them
   * @throws QueueUnavailableError within a second; the units may still have arrived
   */
  send(units: readonly SizedUnit[]): Promise<FindPlace[]> {
    return deliverAll(units, (deliveries) => this.deliver(deliveries));
  }

  /** As `send`, with a word for each unit in the moment when its fate is known. */
  deliver(units: readonly Delivery[]): void {
    const deadline = Date.now() + SEND_TIMEOUT_MS;
    for (const delivery of units) {
      const partition = partitionOf(delivery.unit, this.#partitions.length);
      this.#partitions[partition]?.add({ ...delivery, deadline });
    }
    for (const partition of this.#partitions) partition.start();
  }

  /**
   * Resolves when Redis answers. One that is frozen is connected and keeps what it is sent, so a connection is no
   * reason to send again.
   *
   * @throws Error when another try to connect has failed, or the signal is aborted
   */
  async untilAnswer(signal: AbortSignal): Promise<void> {
    if (this.#redis.status !== 'ready') await once(this.#redis, 'ready', { signal });
    await this.#redis.ping();
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
  readonly #inOrder: boolean;
  #pending: Pending[] = [];
  #sending = false;

  constructor(redis: RedisClient, queue: Queue, inOrder: boolean) {
    this.#redis = redis;
    this.#queue = queue;
    this.#inOrder = inOrder;
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
      for (const [index, { resolve }] of pack.entries()) resolve(() => ({ job, index }));
    } catch (cause) {
      const behind = this.#inOrder ? this.#pending.splice(0) : [];
      for (const { unit, reject } of [...pack, ...behind]) reject(new QueueUnavailableError(unit.key, { cause }));
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
