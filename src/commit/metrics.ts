import type { Job } from 'bullmq';
import { Counter, Histogram, type Registry } from 'prom-client';
import { warnsOfTariff } from '../domain/payments.js';
import { IdempotencyConflictError } from '../errors.js';
import { operationNames } from '../operations/registry.js';
import type { CheckedUnit } from '../operations/unit.js';
import { LockedError } from './failures.js';
import type { UnitResult } from './ledger.js';

const RESULTS = ['applied', 'repeated', 'dropped', 'conflict', 'failed', 'locked'] as const;

/** What became of a unit, and so of its operations. */
type Result = (typeof RESULTS)[number];

/** How many units, and operations by name. */
interface Tally {
  units: number;
  operations: Map<string, number>;
}

/** Counts what a commit worker does. Names follow https://prometheus.io/docs/practices/naming */
export class CommitMetrics {
  readonly #units: Counter<'result'>;
  readonly #operations: Counter<'operation' | 'result'>;
  readonly #unknownTariffs: Counter;
  readonly #latency: Histogram;
  #observedAt = 0;
  readonly #retried: Counter<'result'>;
  readonly #putBack: Counter;
  readonly #handedBack: Counter;
  readonly #stalled: Counter;
  /** What was counted since somebody asked: a counter with labels takes longer than a unit can spare. */
  readonly #tallies = new Map<Result, Tally>();

  constructor(metrics: Registry) {
    const registers = [metrics];
    this.#units = new Counter({
      name: 'botledger_units_total',
      help: 'Units by result: applied; repeated, answered from the ledger; dropped, of a deleted user; conflict, the key has other content; failed, once per attempt; locked, put off because somebody else holds a row; invalid, no unit at all; refused_signature, its bot did not sign it',
      labelNames: ['result'],
      registers,
      collect: () => this.#hand(),
    });
    this.#operations = new Counter({
      name: 'botledger_operations_total',
      help: 'Operations by name, with the result of their unit',
      labelNames: ['operation', 'result'],
      registers,
      collect: () => this.#hand(),
    });
    this.#unknownTariffs = new Counter({
      name: 'botledger_unknown_tariffs_total',
      help: 'Completed payments that granted nothing, because TARIFFS does not know their tariff',
      registers,
    });
    this.#latency = new Histogram({
      name: 'botledger_outcome_latency_seconds',
      help: 'From the enqueueing of a job, by the clock of who did it, to the outcomes of its units; of jobs that end in the same millisecond, the first',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
      registers,
    });
    this.#retried = new Counter({
      name: 'botledger_retried_units_total',
      help: 'Units whose job had failed before, once per further attempt, by result',
      labelNames: ['result'],
      registers,
    });
    this.#putBack = new Counter({
      name: 'botledger_units_put_back_total',
      help: 'Units that failed among others in a job, and became a job of their own',
      registers,
    });
    this.#handedBack = new Counter({
      name: 'botledger_jobs_handed_back_total',
      help: 'Jobs that went back into the queue undone and without a burnt attempt',
      registers,
    });
    this.#stalled = new Counter({
      name: 'botledger_jobs_stalled_total',
      help: 'Jobs that went back into the queue because their worker gave no sign of life',
      registers,
    });
    // From the start at 0, so that the first one is seen as an increase.
    for (const result of [...RESULTS, 'invalid', 'refused_signature']) this.#units.inc({ result }, 0);
    for (const result of RESULTS) this.#retried.inc({ result }, 0);
    for (const operation of operationNames) {
      for (const result of RESULTS) this.#operations.inc({ operation, result }, 0);
    }
  }

  /** Counts a unit with its operations. */
  count({ operations }: CheckedUnit, unitResult: UnitResult): void {
    const result = resultOf(unitResult);
    const tally = this.#tallies.get(result) ?? { units: 0, operations: new Map() };
    this.#tallies.set(result, tally);
    tally.units++;
    for (const { operation } of operations) {
      tally.operations.set(operation.name, (tally.operations.get(operation.name) ?? 0) + 1);
    }
    if (result !== 'applied' || unitResult.status === 'failed') return;
    for (const outcome of unitResult.outcomes) if (warnsOfTariff(outcome)) this.#unknownTariffs.inc();
  }

  /** Counts what came as a unit and does not fit its schema, or shows no signature of its bot. */
  countRefused(result: 'invalid' | 'refused_signature'): void {
    this.#units.inc({ result });
  }

  /** Counts a job that its worker has done with, by the results of its units. */
  countJob({ timestamp, attemptsMade }: Job, results: readonly UnitResult[]): void {
    if (attemptsMade > 0) for (const result of results) this.#retried.inc({ result: resultOf(result) });
    const now = Date.now();
    // What failed may be tried again, and has its outcome then.
    if (now === this.#observedAt || !results.some(({ status }) => status === 'applied')) return;
    // Jobs of a batch end together, the oldest first. It stands for them: a histogram takes longer than a job can spare.
    this.#observedAt = now;
    this.#latency.observe(Math.max(0, now - timestamp) / 1_000);
  }

  /** Counts a unit that became a job of its own. */
  countPutBack(): void {
    this.#putBack.inc();
  }

  /** Counts a job that is handed back. */
  countHandedBack(): void {
    this.#handedBack.inc();
  }

  /** Counts a job whose worker gave no sign of life. */
  countStalled(): void {
    this.#stalled.inc();
  }

  #hand(): void {
    for (const [result, { units, operations }] of this.#tallies) {
      this.#units.inc({ result }, units);
      for (const [operation, times] of operations) this.#operations.inc({ operation, result }, times);
    }
    this.#tallies.clear();
  }
}

function resultOf(result: UnitResult): Result {
  if (result.status === 'failed') {
    if (result.error instanceof LockedError) return 'locked';
    return result.error instanceof IdempotencyConflictError ? 'conflict' : 'failed';
  }
  if (result.repeated) return 'repeated';
  return (result.outcomes[0] as { userDeleted?: true }).userDeleted ? 'dropped' : 'applied';
}
