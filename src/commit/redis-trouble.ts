import type { Logger } from '../logger.js';
import { describeRefusal } from '../redis-refusals.js';

// https://github.com/taskforcesh/bullmq: finished-errors.ts, lock-manager.ts
const LOST_LOCK = /^(Missing lock|Missing key|Lock mismatch|could not renew lock) for job/;

/** BullMQ asks again at once after a refusal, a thousand times a second. */
const REST_MS = 1_000;

/** What does not end is said again after this long. */
const SAY_AGAIN_MS = 60_000;

/** What a worker hears of Redis: the log says it once, with the remedy, and after a refusal the worker rests. */
export class RedisTrouble {
  readonly #logger: Logger;
  readonly #worker: { stop(): void; goOn(): void };
  #said = '';
  #saidAt = 0;
  #resting: NodeJS.Timeout | undefined;

  constructor(logger: Logger, worker: { stop(): void; goOn(): void }) {
    this.#logger = logger;
    this.#worker = worker;
  }

  note(error: Error): void {
    if (LOST_LOCK.test(error.message)) {
      this.#logger.warn(
        { err: error.message },
        'a job went to another worker, because this one gave no sign of life for STALLED_AFTER_SECONDS; it is applied once',
      );
      return;
    }
    const refusal = describeRefusal(error);
    this.#say(refusal ?? error.message, refusal ? 'Redis refuses; asking again every second' : 'Redis');
    if (refusal === undefined || this.#resting) return;
    this.#worker.stop();
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.#worker.goOn();
    }, REST_MS);
  }

  #say(what: string, message: string): void {
    if (what === this.#said && Date.now() - this.#saidAt < SAY_AGAIN_MS) return;
    this.#said = what;
    this.#saidAt = Date.now();
    this.#logger.warn({ err: what }, message);
  }

  close(): void {
    clearTimeout(this.#resting);
  }
}
