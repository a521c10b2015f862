import { once } from 'node:events';
import type { Job, Queue, Telemetry } from 'bullmq';
import { QueueUnavailableError } from '../errors.js';
import { HotSessions } from '../hot/sessions.js';
import { type FittingUnit, isAlone, jobName, type Unit } from '../operations/unit.js';
import { failFast, partitionOf, UnitQueues, unitJobOptions } from '../queue.js';
import { openProducerRedis, type RedisClient } from '../redis.js';
import { Deadlines } from './deadlines.js';
import { enterSessions } from './hot-writes.js';

/** A unit ready to go. */
export interface ReadyUnit {
  unit: Unit;
  checked: FittingUnit;
  /** Whether its key was given, so that a unit under the same key may come again. */
  keyed: boolean;
  /** Users whose hot sessions note the unit besides those whose sessions it writes. */
  noteFor?: readonly number[];
  /** Whether the hot sessions are not told of it. */
  cold?: boolean;
}

/** Where a unit went: the job that carries it, and its place in it. */
export interface Place {
  job: { id: string; queueName: string };
  index: number;
}

/** Finds where a unit went; one that waits in the spool goes later. */
export type FindPlace = () => Place | Promise<Place>;

/** A unit, and who is told what became of it. */
export interface Delivery extends ReadyUnit {
  resolve(find: FindPlace): void;
  reject(error: QueueUnavailableError): void;
}

interface Pending extends Delivery {
  /** By `performance.now()`. */
  deadline: number;
  /** Where in its trace it was enqueued; undefined while nothing is traced. */
  context: unknown;
}

/** A send that Redis has not confirmed after this long is given up: bots must not hang. */
const SEND_TIMEOUT_MS = 900;

/** Beyond this many units a pack saves next to nothing more, and a worker that dies repeats more. */
const PACK_MAX_UNITS = 128;

/** Keeps a worker's memory bounded, and Redis free of long pauses. */
const PACK_MAX_BYTES = 256 * 1024;

/** Has units delivered. @returns where each went, when all of them are; rejects with the first that is not */
export function deliverAll(
  units: readonly ReadyUnit[],
  deliver: (deliveries: readonly Delivery[]) => void,
): Promise<FindPlace[]> {
  const deliveries: Delivery[] = [];
  const places = units.map(
    (ready) => new Promise<FindPlace>((resolve, reject) => void deliveries.push({ resolve, reject, ...ready })),
  );
  deliver(deliveries);
  return Promise.all(places);
}

interface SenderOptions {
  sessionTtlSeconds?: number;
  inOrder?: boolean;
  telemetry?: Telemetry | undefined;
}

/** Puts units into the queues of their partitions. Each has a send of its own under way. */
export class Sender {
  readonly redis: RedisClient;
  readonly queues: UnitQueues;
  readonly sessions: HotSessions;
  readonly #partitions: readonly PartitionSender[];
  readonly #telemetry: Telemetry | undefined;

  /**
   * @param options.inOrder whether a unit that does not arrive takes with it those that wait behind it in its
   *   partition, so that whoever sends them again keeps their order; by default each has its own second
   * @param options.telemetry traces the jobs
   */
  constructor(
    redisUrl: string,
    partitions: number,
    { sessionTtlSeconds, inOrder = false, telemetry }: SenderOptions = {},
  ) {
    this.#telemetry = telemetry;
    this.redis = openProducerRedis(redisUrl);
    this.queues = new UnitQueues(this.redis, partitions, telemetry ? { ...failFast, telemetry } : failFast);
    this.sessions = new HotSessions(this.redis, sessionTtlSeconds);
    this.#partitions = this.queues.all.map((queue) => new PartitionSender(this, queue, inOrder, telemetry));
  }

  /**
   * Sends units, those of one user in their order and after those sent before. Their sessions are hot when they are in
   * the queue, and not before: what is read there was enqueued. Should the bot die in between, the commit removes what
   * it finds outdated.
   *
   * @returns their places, once Redis holds them
   * @throws QueueUnavailableError within a second; the units may still have arrived
   */
  send(units: readonly ReadyUnit[]): Promise<FindPlace[]> {
    return deliverAll(units, (deliveries) => this.deliver(deliveries));
  }

  /**
   * As `send`, with a word for each unit in the moment when its fate is known.
   *
   * @param context where they stand in their trace; by default where the caller does, and null for nowhere
   */
  deliver(units: readonly Delivery[], context: unknown = this.#telemetry?.contextManager.active()): void {
    const deadline = performance.now() + SEND_TIMEOUT_MS;
    for (const delivery of units) {
      const partition = partitionOf(delivery.unit, this.#partitions.length);
      this.#partitions[partition]?.add({ deadline, context, ...delivery });
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
    if (this.redis.status !== 'ready') await once(this.redis, 'ready', { signal });
    await this.redis.ping();
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
  readonly #inOrder: boolean;
  readonly #telemetry: Telemetry | undefined;
  readonly #deadlines = new Deadlines(`Redis did not answer within ${SEND_TIMEOUT_MS} ms`);
  #pending: Pending[] = [];
  #sending = false;

  constructor(
    { redis, sessions }: Pick<Sender, 'redis' | 'sessions'>,
    queue: Queue,
    inOrder: boolean,
    telemetry: Telemetry | undefined,
  ) {
    this.#redis = redis;
    this.#queue = queue;
    this.#sessions = sessions;
    this.#inOrder = inOrder;
    this.#telemetry = telemetry;
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
    const [{ deadline }] = pack as [Pending];
    try {
      const { id, queueName } = await this.#deadlines.hold(deadline, this.#add(pack));
      // Not the job itself: a receipt would keep all that is in it.
      const job = { id: id as string, queueName };
      const entered = pack.flatMap((ready, index) => enterSessions(this.#sessions, ready, { job, index }));
      const done = () => {
        for (const [index, { resolve }] of pack.entries()) resolve(() => ({ job, index }));
      };
      if (entered.length === 0) return done();
      // The next pack does not wait for it: on one connection, what is asked first is done first.
      void this.#deadlines.hold(deadline, Promise.all(entered)).then(done, (cause) => refuse(pack, cause));
    } catch (cause) {
      refuse([...pack, ...(this.#inOrder ? this.#pending.splice(0) : [])], cause);
    }
  }

  /** Traced where the first unit stands: otherwise it would be where nothing was under way, however long ago. */
  async #add(pack: readonly Pending[]): Promise<Job> {
    const [{ deadline, context }] = pack as [Pending];
    if (this.#redis.status !== 'ready') {
      const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())));
      await once(this.#redis, 'ready', { signal });
    }
    const units = pack.map(({ unit }) => unit);
    const add = () => this.#queue.add(jobName(units), { v: 1, units }, unitJobOptions);
    return this.#telemetry ? this.#telemetry.contextManager.with(context, add) : add();
  }
}

function refuse(units: readonly Pending[], cause: unknown): void {
  for (const { unit, reject } of units) reject(new QueueUnavailableError(unit.key, { cause }));
}
