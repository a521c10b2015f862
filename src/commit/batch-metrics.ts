import { Counter, Histogram, type Registry } from 'prom-client';
import { blame } from './failures.js';
import { OutOfTurnError } from './turn.js';

const ROLLBACKS = ['race', 'deadlock', 'overlap', 'units', 'locked', 'slow', 'database'] as const;

/** Measures the transactions of a commit worker. */
export class BatchMetrics {
  readonly #units: Histogram;
  readonly #seconds: Histogram;
  readonly #rollbacks: Counter<'reason'>;

  constructor(metrics: Registry) {
    const registers = [metrics];
    this.#units = new Histogram({
      name: 'botledger_batch_units',
      help: 'Units of a batch that was committed',
      buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 4_000, 10_000],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'botledger_batch_duration_seconds',
      help: 'How long the transaction of a batch took that was committed, from asking for a connection to COMMIT',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#rollbacks = new Counter({
      name: 'botledger_batch_rollbacks_total',
      help: 'Transactions that were rolled back, by reason: race, with another worker; deadlock; overlap, with a batch of this worker that runs again; units, there are bad ones; locked, somebody else holds a row; slow, too much at once; database, it is away',
      labelNames: ['reason'],
      registers,
    });
    // From the start at 0, so that the first one is seen as an increase.
    for (const reason of ROLLBACKS) this.#rollbacks.inc({ reason }, 0);
  }

  /** Counts a batch that was committed. */
  countCommit(units: number, milliseconds: number): void {
    this.#units.observe(units);
    this.#seconds.observe(milliseconds / 1_000);
  }

  /** Counts a transaction that ended with this error. */
  countRollback(error: unknown): void {
    this.#rollbacks.inc({ reason: error instanceof OutOfTurnError ? 'overlap' : blame(error) });
  }

  /** Counts a transaction that the database ended because of a deadlock. */
  countDeadlock(): void {
    this.#rollbacks.inc({ reason: 'deadlock' });
  }
}
