import { setTimeout as pause } from 'node:timers/promises';
import { clock } from './clock.js';
import { serve, settings } from './serve.js';
import { openLedger, openQueue, type Way } from './ways.js';
import type { Range } from './workload.js';

// A producer in a process of its own: it measures what a bot would wait for.

/** What one producer is told. */
export interface ProducerSettings {
  redisUrl: string;
  /** The queue to use BullMQ alone on; the SDK if there is none. */
  queue?: string;
  /** Whether to wait for outcomes as well. */
  outcomes?: boolean;
}

/** Units that were sent, in the same order in each list. */
export interface Sent {
  numbers: number[];
  /** When each was sent, by the common clock. */
  at: number[];
  /** Milliseconds until Redis held it. */
  enqueued: number[];
  /** Milliseconds until the outcome was there. */
  outcome: number[];
  seconds: number;
}

const { redisUrl, queue, outcomes = true } = settings<ProducerSettings>();
const way: Way = queue === undefined ? openLedger(redisUrl) : openQueue(redisUrl, queue);

serve({
  /** One at a time: the next goes when Redis holds the last. */
  async oneByOne({ from, to }: Range): Promise<Sent> {
    const sent = newSent();
    for (let number = from; number < to; number++) await sendOne(sent, number);
    return finish(sent);
  },
  /** Many calls at once, and the next lot when Redis holds all of them. */
  async together({ from, to, atOnce }: Range & { atOnce: number }): Promise<Sent> {
    const sent = newSent();
    for (let first = from; first < to; first += atOnce) {
      await Promise.all(numbers(first, Math.min(to, first + atOnce)).map((number) => sendOne(sent, number)));
    }
    return finish(sent);
  },
  /** Many units in one call. */
  async bulk({ from, to, atOnce }: Range & { atOnce: number }): Promise<Sent> {
    const sent = newSent();
    for (let first = from; first < to; first += atOnce) {
      await way.sendMany(numbers(first, Math.min(to, first + atOnce)));
    }
    return finish(sent);
  },
  /** By the clock, whether or not the last has arrived; waits for the outcomes. */
  async atRate({ from, to, perSecond }: Range & { perSecond: number }): Promise<Sent> {
    const sent = newSent();
    const start = performance.now();
    const underWay: Promise<void>[] = [];
    for (let number = from; number < to; number++) {
      const early = start + ((number - from) * 1_000) / perSecond - performance.now();
      if (early > 0) await pause(early);
      underWay.push(sendAndWait(sent, number));
    }
    await Promise.all(underWay);
    return finish(sent);
  },
  /** As fast as outcomes come back, with so many under way. */
  async inFlight({ from, to, atOnce }: Range & { atOnce: number }): Promise<Sent> {
    const sent = newSent();
    let next = from;
    const lane = async () => {
      while (next < to) await sendAndWait(sent, next++);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return finish(sent);
  },
});

const newSent = (): Sent => ({ numbers: [], at: [], enqueued: [], outcome: [], seconds: clock() });
const finish = (sent: Sent): Sent => ({ ...sent, seconds: (clock() - sent.seconds) / 1_000 });
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

async function sendAndWait(sent: Sent, number: number): Promise<void> {
  const { at, outcome } = await sendOne(sent, number);
  if (!outcomes) return;
  await outcome();
  sent.outcome.push(clock() - at);
}

async function sendOne(sent: Sent, number: number) {
  const at = clock();
  const outcome = await way.send(number);
  sent.enqueued.push(clock() - at);
  sent.numbers.push(number);
  sent.at.push(at);
  return { at, outcome };
}
