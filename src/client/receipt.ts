import type { OutcomeReader } from './outcomes.js';
import type { FindPlace } from './sender.js';

/** What enqueueing returns: proof that Redis, or the local spool, holds the unit, and the way to its outcome. */
export class Receipt<O> {
  readonly #read: (timeoutMs: number) => Promise<O>;

  constructor(
    /** The unit's idempotency key: sending again under it changes nothing. */
    readonly key: string,
    read: (timeoutMs: number) => Promise<O>,
  ) {
    this.#read = read;
  }

  /**
   * Waits for the outcome. A refusal (`granted: false`) is an outcome too.
   *
   * @param options.timeoutMs how long to wait, in milliseconds
   * @throws ResultTimeoutError when it takes longer; the unit is still queued, so ask again
   * @throws OperationFailedError when the unit failed and waits for a person
   * @throws UserDeletedError when a user of the unit was deleted after it was made; then it is not applied
   * @throws IdempotencyConflictError when the key was used before for something else
   * @throws ApiError when the job is gone, an hour after it was done, and the API cannot be asked for its outcome
   */
  result({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<O> {
    return this.#read(timeoutMs);
  }
}

/** A receipt for all outcomes of a unit, in the order of its operations. */
export const unitReceipt = <O>(reader: OutcomeReader, find: FindPlace, key: string) =>
  new Receipt<O>(key, (timeoutMs) => reader.read(find, key, timeoutMs) as Promise<O>);

/** A receipt for the outcome of a unit of one operation. */
export const operationReceipt = <O>(reader: OutcomeReader, find: FindPlace, key: string) =>
  new Receipt<O>(key, async (timeoutMs) => (await reader.read(find, key, timeoutMs))[0] as O);
