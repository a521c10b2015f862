import type { Logger } from '../logger.js';
import type { CheckedUnit } from '../operations/unit.js';
import type { Committer } from './committer.js';
import { CrowdedError, OutageError } from './failures.js';
import type { UnitResult } from './ledger.js';
import { Turn } from './turn.js';

/** The batcher stops before the unit was applied; its job goes back to the queue. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** How large one batch may grow. The units of one job are always in one batch. */
export interface BatchLimits {
  maxUnits: number;
  /** Bytes of JSON. */
  maxBytes: number;
}

/** Units that came together and stay together. */
interface Waiting {
  units: readonly CheckedUnit[];
  resolve(results: UnitResult[]): void;
  reject(error: Error): void;
}

/** Suspects that go together: searched to the end, they keep the others waiting for some tenths of a second. */
const MOST_SUSPECTS = 64;

/** How often a larger batch is halved before its units become suspects: often enough for a dozen bad ones. */
const MOST_HALVINGS = 2 * MOST_SUSPECTS;

const FIRST_OUTAGE_WAIT_MS = 100;
const LONGEST_OUTAGE_WAIT_MS = 5_000;

/**
 * Groups units into batches without a timer: an idle committer gets the next unit at once, and while it works on a
 * batch, the units that arrive gather for the next. So latency is low at rest and throughput rises under load.
 *
 * While the database is away, units wait here, and their jobs with them: no attempt is burnt.
 */
export class Batcher {
  readonly #committer: Committer;
  readonly #limits: BatchLimits;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #waiting: Waiting[] = [];
  /** Those that may keep others waiting: they go in small batches, and in turns with the others. */
  #suspects: Waiting[] = [];
  #running = false;
  #last: Turn | undefined;

  constructor(committer: Committer, limits: BatchLimits, logger: Logger) {
    this.#committer = committer;
    this.#limits = limits;
    this.#logger = logger;
  }

  /**
   * Hands in the units of a job.
   *
   * @param suspect whether they have failed before
   * @returns their results in the same order, once they are committed
   * @throws InterruptedError when the batcher was interrupted first
   */
  submit(units: readonly CheckedUnit[], suspect = false): Promise<UnitResult[]> {
    return new Promise((resolve, reject) => {
      (suspect ? this.#suspects : this.#waiting).push({ units, resolve, reject });
      this.#start();
    });
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    // A microtask later, so that jobs that arrive together find themselves in one batch.
    queueMicrotask(() => void this.#run());
  }

  /** From now on an outage is not waited out: what cannot be committed is handed back. */
  interrupt(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length + this.#suspects.length > 0) {
      if (this.#waiting.length > 0) await this.#begin(this.#take(this.#waiting, this.#limits));
      if (this.#suspects.length > 0)
        await this.#begin(this.#take(this.#suspects, { ...this.#limits, maxUnits: MOST_SUSPECTS }));
    }
    this.#running = false;
  }

  #begin(batch: readonly Waiting[]): Promise<void> {
    this.#last = new Turn(this.#last);
    void this.#settle(batch, this.#last);
    return this.#last.begun;
  }

  async #settle(batch: readonly Waiting[], turn: Turn): Promise<void> {
    const all = batch.flatMap(({ units }) => units);
    const large = batch.length > 1 && all.length > MOST_SUSPECTS;
    try {
      const results = await this.#commitThroughOutages(all, turn, large ? MOST_HALVINGS : undefined);
      let done = 0;
      for (const { units, resolve } of batch) {
        resolve(results.slice(done, done + units.length));
        done += units.length;
      }
    } catch (error) {
      if (error instanceof CrowdedError) this.#suspects.push(...batch);
      else for (const { reject } of batch) reject(error as Error);
    } finally {
      turn.settle();
      if (this.#suspects.length > 0) this.#start();
    }
  }

  #take(waiting: Waiting[], { maxUnits, maxBytes }: BatchLimits): Waiting[] {
    let bytes = 0;
    let count = 0;
    let size = 0;
    for (const { units } of waiting) {
      count += units.length;
      for (const unit of units) bytes += unit.bytes;
      if (size > 0 && (count > maxUnits || bytes > maxBytes)) break;
      size++;
    }
    return waiting.splice(0, size);
  }

  async #commitThroughOutages(units: readonly CheckedUnit[], turn: Turn, mostHalvings?: number) {
    let waitMs = FIRST_OUTAGE_WAIT_MS;
    for (;;) {
      try {
        const results = await this.#committer.commit(units, turn, mostHalvings);
        if (waitMs > FIRST_OUTAGE_WAIT_MS) this.#logger.info('the database is back');
        return results;
      } catch (error) {
        if (!(error instanceof OutageError)) throw error;
        if (waitMs === FIRST_OUTAGE_WAIT_MS) this.#logger.error({ err: error.message }, 'waiting for the database');
        await this.#pause(waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_OUTAGE_WAIT_MS);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      const give = () => reject(new InterruptedError('the worker is closing while the database is away'));
      if (signal.aborted) return give();
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      const stop = () => {
        clearTimeout(timer);
        give();
      };
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}
