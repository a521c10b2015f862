import { Job, type Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { IdempotencyConflictError, OperationFailedError, ResultTimeoutError, ValidationError } from '../errors.js';
import { openWorkerRedis, UNITS_QUEUE } from '../queue.js';
import type { ApiClient } from './api-client.js';

/** What a job answers for a unit: its outcomes, or the job that it was put into. */
type UnitAnswer = { key: string; outcomes: unknown[] } | { movedTo: string };

/** Waits for outcomes: first from the job, and from the ledger once the job is gone. Connects on first use. */
export class OutcomeReader {
  readonly #redisUrl: string;
  readonly #queue: Queue;
  readonly #api: ApiClient;
  #redis: Redis | undefined;
  #events: QueueEvents | undefined;

  constructor(redisUrl: string, queue: Queue, api: ApiClient) {
    this.#redisUrl = redisUrl;
    this.#queue = queue;
    this.#api = api;
  }

  /**
   * The outcomes of a unit.
   *
   * @param jobId the job that carries it
   * @param timeoutMs how long to wait
   * @throws ResultTimeoutError, OperationFailedError, IdempotencyConflictError, ValidationError
   */
  async read(jobId: string, key: string, timeoutMs: number): Promise<unknown[]> {
    const deadline = Date.now() + timeoutMs;
    const timeLeft = () => Math.max(1, deadline - Date.now());
    const timedOut = new ResultTimeoutError(key, timeoutMs);
    let id = jobId;
    for (;;) {
      const job = await within(timeLeft(), timedOut, Job.fromId(this.#queue, id));
      if (!job) return this.#readLedger(key, timedOut);
      const answer = await this.#finish(job, key, timeLeft(), timedOut);
      if (!answer) return this.#readLedger(key, timedOut);
      if ('outcomes' in answer) return answer.outcomes;
      id = answer.movedTo;
    }
  }

  async #finish(job: Job, key: string, timeoutMs: number, timedOut: Error): Promise<UnitAnswer | undefined> {
    const events = await within(timeoutMs, timedOut, this.#listen());
    try {
      const answers: UnitAnswer[] = await job.waitUntilFinished(events, timeoutMs);
      return answers.find((answer) => 'key' in answer && answer.key === key) ?? answers[0];
    } catch (error) {
      const { message } = error as Error;
      if (/timed out before finishing/.test(message)) throw timedOut;
      if (/Missing key for job/.test(message)) return undefined;
      throw failure(key, message);
    }
  }

  async #listen(): Promise<QueueEvents> {
    if (!this.#events) {
      this.#redis = openWorkerRedis(this.#redisUrl);
      this.#events = new QueueEvents(UNITS_QUEUE, { connection: this.#redis });
      this.#events.on('error', () => undefined);
      // Each receipt that waits listens for its own job.
      this.#events.setMaxListeners(0);
    }
    await this.#events.waitUntilReady();
    return this.#events;
  }

  async #readLedger(key: string, timedOut: Error): Promise<unknown[]> {
    const unit = await this.#api.readOperation(key);
    if (unit?.status === 'applied') return unit.outcomes;
    if (unit?.status === 'failed') throw failure(key, unit.reason);
    throw timedOut;
  }

  async close(): Promise<void> {
    await this.#events?.close();
    this.#redis?.disconnect();
  }
}

/** The typed error behind a failed job's reason, which begins with the error's name. */
function failure(key: string, reason: string): Error {
  const [, name, message = reason] = /^(\w+Error): (.*)$/s.exec(reason) ?? [];
  if (name === 'IdempotencyConflictError') return new IdempotencyConflictError(key);
  if (name === 'ValidationError') return new ValidationError(message.split('; '));
  return new OperationFailedError(key, reason);
}

function within<T>(timeoutMs: number, error: Error, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(error), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
