import { errorOfReason, ResultTimeoutError, UserDeletedError } from '../errors.js';
import { JobWatchers } from '../job-watcher.js';
import type { UnitQueues } from '../queue.js';
import type { ApiClient } from './api-client.js';
import type { FindPlace } from './sender.js';

/** Waits for outcomes: first from the job, and from the ledger once the job is gone. Connects on first use. */
export class OutcomeReader {
  readonly #jobs: JobWatchers;
  readonly #api: ApiClient;
  /** What tells each that waits that it waited in vain. */
  readonly #waiting = new Set<() => void>();

  constructor(redisUrl: string, queues: UnitQueues, api: ApiClient) {
    this.#jobs = new JobWatchers(redisUrl, queues);
    this.#api = api;
  }

  /**
   * The outcomes of a unit, one per operation.
   *
   * @param find tells where the unit was put, once it is
   * @param timeoutMs how long to wait, also while Redis is away or the unit waits in the spool
   * @throws ResultTimeoutError, OperationFailedError, IdempotencyConflictError, UserDeletedError, ValidationError;
   *   ApiError when the job is gone and the ledger cannot be asked
   */
  read(find: FindPlace, key: string, timeoutMs: number): Promise<unknown[]> {
    const leave: (() => void)[] = [];
    return new Promise<unknown[]>((resolve, reject) => {
      const timedOut = () => reject(new ResultTimeoutError(key, timeoutMs));
      const timer = setTimeout(timedOut, timeoutMs);
      this.#waiting.add(timedOut);
      leave.push(
        () => clearTimeout(timer),
        () => this.#waiting.delete(timedOut),
      );
      const read = async () => {
        const { job, index } = await find();
        return this.#read(job.queueName, job.id, index, key, leave);
      };
      read().then((outcomes) => {
        if (!outcomes) timedOut();
        else if (outcomes.some(isOfDeletedUser)) reject(new UserDeletedError(key));
        else resolve(outcomes);
      }, reject);
    }).finally(() => {
      for (const each of leave.splice(0)) each();
    });
  }

  async #read(
    queue: string,
    jobId: string,
    index: number,
    key: string,
    leave: (() => void)[],
  ): Promise<unknown[] | undefined> {
    const watching = this.#jobs.watch(queue, jobId);
    leave.push(watching.leave);
    const ending = await watching.ended;
    if (ending === 'gone') return this.#readLedger(key);
    if ('reason' in ending) throw errorOfReason(key, ending.reason);
    const answer = ending.answers[index];
    if (answer && 'movedTo' in answer) return this.#read(queue, answer.movedTo, 0, key, leave);
    // A Redis that took over may have missed our job, and given its id to another.
    return answer?.key === key ? answer.outcomes : this.#readLedger(key);
  }

  async #readLedger(key: string): Promise<unknown[] | undefined> {
    const unit = await this.#api.readOperation(key);
    if (unit?.status === 'failed') throw errorOfReason(key, unit.reason);
    return unit?.status === 'applied' ? unit.outcomes : undefined;
  }

  /** Whoever still waits is told that there was no outcome in time. */
  close(): void {
    for (const timedOut of this.#waiting) timedOut();
    this.#jobs.close();
  }
}

const isOfDeletedUser = (outcome: unknown) => (outcome as { userDeleted?: true }).userDeleted === true;
