import { Job, type Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { IdempotencyConflictError, OperationFailedError, ResultTimeoutError, ValidationError } from '../errors.js';
import { openWorkerRedis, UNITS_QUEUE } from '../queue.js';
import type { ApiClient } from './api-client.js';
import type { Place } from './sender.js';

/** What a job answers for a unit: its outcomes, or the job that it was put into. */
type UnitAnswer = { key: string; outcomes: unknown[] } | { movedTo: string };

/** Waits for outcomes: first from the job, and from the ledger once the job is gone. Connects on first use. */
export class OutcomeReader {
  readonly #redisUrl: string;
  readonly #queue: Queue;
  readonly #api: ApiClient;
  /** Jobs that are waited for, each once however many of its units are asked about. */
  readonly #jobs = new Map<string, Promise<UnitAnswer[] | undefined>>();
  #redis: Redis | undefined;
  #events: Promise<QueueEvents> | undefined;

  constructor(redisUrl: string, queue: Queue, api: ApiClient) {
    this.#redisUrl = redisUrl;
    this.#queue = queue;
    this.#api = api;
  }

  /**
   * The outcomes of a unit, one per operation.
   *
   * @param place where the unit was put
   * @param timeoutMs how long to wait
   * @throws ResultTimeoutError, OperationFailedError, IdempotencyConflictError, ValidationError
   */
  read(place: Place, key: string, timeoutMs: number): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new ResultTimeoutError(key, timeoutMs)), timeoutMs);
      this.#read(place, key)
        .then((outcomes) => (outcomes ? resolve(outcomes) : reject(new ResultTimeoutError(key, timeoutMs))), reject)
        .finally(() => clearTimeout(timer));
    });
  }

  async #read({ job, index }: Place, key: string): Promise<unknown[] | undefined> {
    const answers = await this.#finished(job).catch((error: Error) => {
      throw failure(key, error.message);
    });
    const answer = answers?.[index];
    if (!answer) return this.#readLedger(key);
    if ('outcomes' in answer) return answer.outcomes;
    const moved = await Job.fromId(this.#queue, answer.movedTo);
    return moved ? this.#read({ job: moved, index: 0 }, key) : this.#readLedger(key);
  }

  #finished(job: Job): Promise<UnitAnswer[] | undefined> {
    const id = job.id as string;
    const waiting = this.#jobs.get(id);
    if (waiting) return waiting;
    const finished = this.#wait(job).finally(() => this.#jobs.delete(id));
    this.#jobs.set(id, finished);
    return finished;
  }

  async #wait(job: Job): Promise<UnitAnswer[] | undefined> {
    this.#events ??= this.#listen();
    try {
      return await job.waitUntilFinished(await this.#events);
    } catch (error) {
      // Long finished, and removed since.
      if (/Missing key for job/.test((error as Error).message)) return undefined;
      throw error;
    }
  }

  async #listen(): Promise<QueueEvents> {
    this.#redis = openWorkerRedis(this.#redisUrl);
    const events = new QueueEvents(UNITS_QUEUE, { connection: this.#redis });
    events.on('error', () => undefined);
    events.setMaxListeners(0);
    await events.waitUntilReady();
    return events;
  }

  async #readLedger(key: string): Promise<unknown[] | undefined> {
    const unit = await this.#api.readOperation(key);
    if (unit?.status === 'failed') throw failure(key, unit.reason);
    return unit?.status === 'applied' ? unit.outcomes : undefined;
  }

  async close(): Promise<void> {
    this.#redis?.disconnect();
    const events = await this.#events?.catch(() => undefined);
    await events?.close();
  }
}

/** The typed error behind a failed job's reason, which begins with the error's name. */
function failure(key: string, reason: string): Error {
  const [, name, message = reason] = /^(\w+Error): (.*)$/s.exec(reason) ?? [];
  if (name === 'IdempotencyConflictError') return new IdempotencyConflictError(key);
  if (name === 'ValidationError') return new ValidationError(message.split('; '));
  return new OperationFailedError(key, reason);
}
