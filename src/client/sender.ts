import { once } from 'node:events';
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { QueueUnavailableError } from '../errors.js';
import { jobName, type Unit } from '../operations/unit.js';
import { failFast, openProducerRedis, UNITS_QUEUE, unitJobOptions } from '../queue.js';

/** A send that Redis has not confirmed after this long is given up: bots must not hang. */
const SEND_TIMEOUT_MS = 900;

/** Puts units into the queue, and says so within a second when it cannot. */
export class Sender {
  readonly #redis: Redis;
  readonly queue: Queue;

  constructor(redisUrl: string) {
    this.#redis = openProducerRedis(redisUrl);
    this.queue = new Queue(UNITS_QUEUE, { connection: this.#redis, ...failFast });
    this.queue.on('error', () => undefined);
  }

  /**
   * Sends one unit as a job.
   *
   * @returns the job, once Redis holds it
   * @throws QueueUnavailableError within a second; the job may still have arrived
   */
  async send(unit: Unit): Promise<Job> {
    const timeout = AbortSignal.timeout(SEND_TIMEOUT_MS);
    try {
      if (this.#redis.status !== 'ready') await once(this.#redis, 'ready', { signal: timeout });
      return await beforeAbort(timeout, this.queue.add(jobName([unit]), { v: 1, units: [unit] }, unitJobOptions));
    } catch (cause) {
      throw new QueueUnavailableError(unit.key, { cause });
    }
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.#redis.disconnect();
  }
}

function beforeAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
