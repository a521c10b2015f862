import { setTimeout as pause } from 'node:timers/promises';
import { QueueUnavailableError } from '../../errors.js';
import { fitUnit } from '../../operations/unit.js';
import { type Delivery, deliverAll, type FindPlace, type ReadyUnit, type Sender } from '../sender.js';
import { SEGMENT_BYTES, type Segment, type Spool } from './spool.js';

/** A unit on its way to Redis or to the spool. */
interface Waiting extends Delivery {
  /** Its place among all units of this process. */
  number: number;
}

/** A file on its way to Redis. */
interface Sending {
  /** Where its units went, in their order. */
  places: Promise<readonly FindPlace[]>;
  sent(places: readonly FindPlace[]): void;
}

/** How long to wait for Redis, when it did not take what it was sent. */
const REDIS_AGAIN_MS = 200;

/** The one being sent and the one written meanwhile. Who sends all the time would never see the spool empty otherwise. */
const FILES_TO_HOLD = 2;

/** How long to wait for the disk, when a file cannot be read or removed. */
const DISK_AGAIN_MS = 5_000;

/**
 * Sends units straight to Redis while it takes them. From the first that it does not take, all go to the spool, and
 * from there to Redis, until the spool is empty.
 *
 * They keep their order: nothing is written before all that is under way has arrived or come back, and nothing goes
 * straight again before all that was written has arrived.
 */
export class SpoolingSender {
  readonly #sender: Sender;
  readonly #spool: Spool;
  readonly #onSpool: ((units: number) => void) | undefined;
  readonly #sendings = new WeakMap<Segment, Sending>();
  readonly #calls = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #made = 0;
  /** Whether units go to the spool. */
  #spooling = false;
  /** How many units are under way past the spool. */
  #straight = 0;
  /** What came back, and what came since. */
  readonly #waiting: Waiting[] = [];
  /** Whether that is kept until it is known if the last files arrive: then it need not be written. */
  #held = false;
  #writing: Promise<void> | undefined;
  #emptying: Promise<void> | undefined;

  /** @param onSpool told how many units are in the spool, when that changes */
  constructor(sender: Sender, spool: Spool, onSpool?: (units: number) => void) {
    this.#sender = sender;
    this.#spool = spool;
    this.#onSpool = onSpool;
    if (spool.units > 0) this.#empty();
  }

  /**
   * Sends units in their order, and after those sent before.
   *
   * @returns how to find their places, once Redis or the spool holds them
   * @throws QueueUnavailableError when the spool is full or cannot be written; the units may still have arrived
   */
  send(units: readonly ReadyUnit[]): Promise<FindPlace[]> {
    const call = deliverAll(units, (deliveries) => {
      const waiting = deliveries.map((delivery) => ({ number: this.#made++, ...delivery }));
      if (this.#closing.signal.aborted) refuse(waiting, new Error('this ledger was closed'));
      else if (this.#spooling) this.#wait(waiting);
      else this.#sendStraight(waiting);
    });
    const forget = () => void this.#calls.delete(call);
    this.#calls.add(call);
    call.then(forget, forget);
    return call;
  }

  #sendStraight(units: readonly Waiting[], context?: null): void {
    this.#straight += units.length;
    this.#sender.deliver(
      units.map((waiting) => ({
        ...waiting,
        resolve: (find) => {
          this.#straight--;
          waiting.resolve(find);
          this.#write();
        },
        reject: () => {
          this.#straight--;
          this.#wait([waiting]);
        },
      })),
      context,
    );
  }

  #wait(units: readonly Waiting[]): void {
    this.#spooling = true;
    this.#waiting.push(...units);
    this.#write();
  }

  /** Writes what waits, unless something may still come that belongs before it. */
  #write(): void {
    if (this.#writing || this.#held || this.#straight > 0 || this.#waiting.length === 0) return;
    this.#waiting.sort((a, b) => a.number - b.number);
    this.#writing = this.#writeAll().then(() => {
      this.#writing = undefined;
      this.#empty();
    });
  }

  async #writeAll(): Promise<void> {
    // What comes in one turn of the event loop is written together.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#held) {
      const group = this.#waiting.splice(0, sizeOfGroup(this.#waiting));
      try {
        const spots = await this.#spool.append(group);
        for (const [index, { resolve }] of group.entries()) {
          const { segment, place } = spots[index] as (typeof spots)[number];
          resolve(async () => ((await this.#sendingOf(segment).places)[place] as FindPlace)());
        }
        this.#tell();
      } catch (error) {
        refuse(group, error as Error);
      }
    }
  }

  /** Sends what is in the spool, unless that is being done already. */
  #empty(): void {
    if (this.#closing.signal.aborted) return;
    this.#spooling = true;
    this.#emptying ??= this.#sendAll().then(() => {
      this.#emptying = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        if (await this.#sendOldest(signal)) continue;
        await this.#writing;
        if (this.#spool.files === 0 && !this.#writing) return this.#goStraight();
      } catch (error) {
        this.#release();
        process.emitWarning(error as Error);
        await pause(DISK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    this.#release();
  }

  #goStraight(): void {
    this.#held = false;
    this.#spooling = false;
    this.#sendStraight(this.#waiting.splice(0), null);
  }

  #release(): void {
    this.#held = false;
    this.#write();
  }

  /** @returns whether there was something to send */
  async #sendOldest(signal: AbortSignal): Promise<boolean> {
    const oldest = await this.#spool.oldest();
    if (!oldest) return false;
    // None is too large: that was for whoever wrote it to say.
    const units = oldest.units.map((held) => ({ ...held, checked: fitUnit(held.unit, Number.POSITIVE_INFINITY) }));
    const places: FindPlace[] = [];
    for (let left = [...units.keys()]; left.length > 0; ) {
      this.#held = this.#spool.files <= FILES_TO_HOLD;
      left = await this.#try(units, left, places);
      if (left.length === 0) break;
      this.#release();
      await this.#untilAnswer(signal);
      if (signal.aborted) return true;
    }
    this.#sendingOf(oldest.segment).sent(places);
    await this.#spool.removeOldest();
    this.#tell();
    return true;
  }

  async #untilAnswer(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(REDIS_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      const answered = this.#sender.untilAnswer(signal).then(
        () => true,
        () => false,
      );
      if (await answered) return;
    }
  }

  /**
   * @param left which of the units to send
   * @param places where they went, by their index
   * @returns which of them did not arrive, or may not have
   */
  async #try(units: readonly ReadyUnit[], left: readonly number[], places: FindPlace[]): Promise<number[]> {
    const deliveries: Delivery[] = [];
    const arrivals = left.map(
      (index) =>
        new Promise<boolean>((settle) => {
          const resolve = (find: FindPlace) => {
            places[index] = find;
            settle(true);
          };
          deliveries.push({ resolve, reject: () => settle(false), ...(units[index] as ReadyUnit) });
        }),
    );
    // Whoever is sent for now is not whoever began to spool.
    this.#sender.deliver(deliveries, null);
    const arrived = await Promise.all(arrivals);
    return left.filter((_, index) => !arrived[index]);
  }

  #sendingOf(segment: Segment): Sending {
    const known = this.#sendings.get(segment);
    if (known) return known;
    let sent: Sending['sent'] = () => undefined;
    const places = new Promise<readonly FindPlace[]>((resolve) => {
      sent = resolve;
    });
    this.#sendings.set(segment, { places, sent });
    return { places, sent };
  }

  /** Later, so that what it throws is not ours. */
  #tell(): void {
    const { units } = this.#spool;
    queueMicrotask(() => this.#onSpool?.(units));
  }

  /** Closes the connection. What is under way goes to the spool, where it stays. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sender.close();
    await this.#emptying;
    await Promise.allSettled(this.#calls);
    await this.#writing;
    await this.#spool.close();
  }
}

function refuse(units: readonly Waiting[], cause: Error): void {
  for (const { unit, reject } of units) reject(new QueueUnavailableError(unit.key, { cause, spool: cause.message }));
}

/** How many of the first are written as one line. */
function sizeOfGroup(units: readonly ReadyUnit[]): number {
  let bytes = 0;
  const size = units.findIndex(({ checked }) => {
    bytes += checked.bytes;
    return bytes > SEGMENT_BYTES;
  });
  return size < 0 ? units.length : Math.max(1, size);
}
