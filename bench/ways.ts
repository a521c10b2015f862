import { type Job, Queue, QueueEvents } from 'bullmq';
import { BotLedger } from '../src/index.js';
import type { Closable } from '../src/lifecycle.js';
import { jobOf } from './contenders/enqueue.js';
import { openPlainRedis } from './contenders/plain-redis.js';
import { BOT, keyOf, unitNumber, userOf, XP } from './workload.js';

/** A way to put units into a queue. */
export interface Way extends Closable {
  /** Sends one unit; resolves once Redis holds it, with the way to its outcome. */
  send(number: number): Promise<() => Promise<unknown>>;
  /** Sends many units with as few commands as it can. */
  sendMany(numbers: readonly number[]): Promise<unknown>;
}

/** As a bot does it: with the SDK. */
export function openLedger(redisUrl: string): Way {
  const ledger = new BotLedger({ bot: BOT, redisUrl });
  return {
    async send(number) {
      const receipt = await ledger.addXp(userOf(number), { xp: XP }, { key: keyOf(number) });
      return () => receipt.result({ timeoutMs: PATIENCE_MS });
    },
    sendMany: (numbers) =>
      ledger.enqueueMany(
        numbers.map((number) => ({ key: keyOf(number), build: (unit) => unit.addXp(userOf(number), { xp: XP }) })),
      ),
    close: () => ledger.close(),
  };
}

/** With BullMQ alone: one unit per job, without any check. */
export function openQueue(redisUrl: string, name: string): Way {
  const connection = openPlainRedis(redisUrl);
  const queue = new Queue(name, { connection });
  let events: QueueEvents | undefined;
  const finished = async (job: Job) => {
    if (!events) {
      // From the first event on: by default it begins with what comes once it reads, which may be after the first job.
      events = new QueueEvents(name, { connection: openPlainRedis(redisUrl), lastEventId: '0-0' });
      await events.waitUntilReady();
    }
    return job.waitUntilFinished(events, PATIENCE_MS);
  };
  return {
    async send(number) {
      const { name: jobName, data, opts } = jobOf([unitNumber(number)]);
      const job = await queue.add(jobName, data, opts);
      return () => finished(job);
    },
    sendMany: (numbers) => queue.addBulk(numbers.map((number) => jobOf([unitNumber(number)]))),
    async close() {
      await events?.close();
      await queue.close();
      await connection.quit();
    },
  };
}

const PATIENCE_MS = 60_000;
