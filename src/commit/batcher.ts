import type { CheckedUnit } from '../operations/unit.js';
import type { HeldJobs } from './bounded-worker.js';
import type { Committer } from './committer.js';
import type { DatabaseWatch } from './database-watch.js';
import { CrowdedError, OutageError } from './failures.js';
import type { UnitResult } from './ledger.js';
import { CommitSpans } from './spans.js';
import { Turn } from './turn.js';

/** The database went away before the unit was applied; its job goes back to the queue. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** How large one batch may grow. The units of one job are always in one batch. */
export interface BatchLimits {
  /** A unit counts as often as it has operations, each of which touches a few rows. */
  maxUnits: number;
  /** Bytes of JSON. */
  maxBytes: number;
}

/** Units that came together and stay together. */
interface Waiting {
  units: readonly CheckedUnit[];
  context: unknown;
  resolve(results: UnitResult[]): void;
  reject(error: Error): void;
}

/** Suspects that go together: searched to the end, they keep the others waiting for some tenths of a second. */
const MOST_SUSPECTS = 64;

/** How often a larger batch is halved before its units become suspects: often enough for a dozen bad ones. */
const MOST_HALVINGS = 2 * MOST_SUSPECTS;

/**
 * Groups units into batches without a timer: an idle committer gets the next unit at once, and while jobs are committed
 * or finished, those that arrive gather for the next batch, which begins when they are as many. So latency is low at
 * rest and throughput rises under load.
 *
 * While the database is away, no unit stays here: all of them are handed back.
 */
export class Batcher {
  readonly #committer: Committer;
  readonly #limits: BatchLimits;
  readonly #watch: Pick<DatabaseWatch, 'isUp' | 'lost' | 'worked'>;
  readonly #spans: CommitSpans;
  readonly #jobs: Pick<HeldJobs, 'moving'>;
  #waiting: Waiting[] = [];
  /** Those that may keep others waiting: they go in small batches, and in turns with the others. */
  #suspects: Waiting[] = [];
  /** What the database did not take, in order, until nothing is under way any more. */
  #held: Waiting[] = [];
  /** How many jobs have their units in a batch. */
  #underWay = 0;
  #running = false;
  #last: Turn | undefined;

  /** @param jobs those that the units are of, before and after they are here */
  constructor(
    committer: Committer,
    limits: BatchLimits,
    watch: Pick<DatabaseWatch, 'isUp' | 'lost' | 'worked'>,
    spans = new CommitSpans(undefined),
    jobs: Pick<HeldJobs, 'moving'> = { moving: 0 },
  ) {
    this.#committer = committer;
    this.#limits = limits;
    this.#watch = watch;
    this.#spans = spans;
    this.#jobs = jobs;
  }

  /**
   * Hands in the units of a job.
   *
   * @param suspect whether they have failed before
   * @returns their results in the same order, once they are committed
   * @throws InterruptedError when the database is away
   */
  submit(units: readonly CheckedUnit[], suspect = false): Promise<UnitResult[]> {
    return new Promise((resolve, reject) => {
      (suspect ? this.#suspects : this.#waiting).push({ units, context: this.#spans.here, resolve, reject });
      this.start();
    });
  }

  /** Begins a batch if there is one to begin: to be called when a job is finished. */
  start(): void {
    if (this.#running || !this.#isWorthABatch) return;
    this.#running = true;
    // A microtask later, so that jobs that arrive together find themselves in one batch.
    queueMicrotask(() => void this.#run());
  }

  /**
   * A batch costs as much as dozens of units: beside one that is under way, only as large a one is begun, and none while
   * more jobs are about to come than wait.
   */
  get #isWorthABatch(): boolean {
    const waiting = this.#waiting.length + this.#suspects.length;
    const coming = this.#jobs.moving - waiting - this.#underWay;
    return waiting > 0 && waiting >= Math.max(this.#underWay, coming);
  }

  async #run(): Promise<void> {
    while (this.#watch.isUp && this.#isWorthABatch) {
      if (this.#waiting.length > 0) await this.#begin(this.#take(this.#waiting, this.#limits));
      if (this.#suspects.length > 0)
        await this.#begin(this.#take(this.#suspects, { ...this.#limits, maxUnits: MOST_SUSPECTS }));
    }
    this.#running = false;
    this.#handBack();
  }

  #begin(batch: readonly Waiting[]): Promise<void> {
    this.#last = new Turn(this.#last);
    void this.#settle(batch, this.#last);
    return this.#last.begun;
  }

  async #settle(batch: readonly Waiting[], turn: Turn): Promise<void> {
    const all = batch.flatMap(({ units }) => units);
    const large = batch.length > 1 && all.length > MOST_SUSPECTS;
    this.#underWay += batch.length;
    try {
      const mostHalvings = large ? MOST_HALVINGS : undefined;
      const results = await this.#spans.around(batch, () => this.#committer.commit(all, turn, mostHalvings));
      this.#watch.worked();
      let done = 0;
      for (const { units, resolve } of batch) {
        resolve(results.slice(done, done + units.length));
        done += units.length;
      }
    } catch (error) {
      if (error instanceof OutageError) {
        this.#held.push(...batch);
        this.#watch.lost(error);
      } else if (error instanceof CrowdedError) {
        this.#suspects.push(...batch);
      } else {
        for (const { reject } of batch) reject(error as Error);
      }
    } finally {
      this.#underWay -= batch.length;
      turn.settle();
      this.start();
      this.#handBack();
    }
  }

  /** All at once and the last first: BullMQ puts a job that is handed back before those that wait. */
  #handBack(): void {
    if (this.#underWay > 0 || (this.#watch.isUp && this.#held.length === 0)) return;
    const back = [...this.#held.splice(0), ...this.#waiting.splice(0), ...this.#suspects.splice(0)];
    for (const { reject } of back.reverse()) reject(new InterruptedError('the database is away'));
  }

  #take(waiting: Waiting[], { maxUnits, maxBytes }: BatchLimits): Waiting[] {
    let bytes = 0;
    let count = 0;
    let size = 0;
    for (const { units } of waiting) {
      for (const unit of units) {
        count += unit.operations.length;
        bytes += unit.bytes;
      }
      if (size > 0 && (count > maxUnits || bytes > maxBytes)) break;
      size++;
    }
    return waiting.splice(0, size);
  }
}
