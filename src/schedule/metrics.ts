import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database, Dialect, Statement } from '../database.js';
import { askTogether, setIfKnown } from '../metrics.js';
import type { RedisClient } from '../redis.js';

/** A field per scheduled job: when it last succeeded, in milliseconds since 1970. Redis forgets runs, this it keeps. */
const SUCCESSES = 'botledger:scheduled-success';

/** Events in the outbox are counted up to this many: more than that is told by their age. */
const MOST_COUNTED = 10_000;

/** What the schedule is measured with. */
interface ScheduleMetricsDependencies {
  metrics: Registry;
  database: Pick<Database, 'dialect' | 'read'>;
  redis: RedisClient;
  /** The names of the scheduled jobs. */
  jobs: readonly string[];
}

/** Measures the runs of scheduled jobs, and what they have to deal with. */
export class ScheduleMetrics {
  readonly #redis: RedisClient;
  readonly #runs: Counter<'scheduled_job' | 'result'>;

  constructor({ metrics, database, redis, jobs }: ScheduleMetricsDependencies) {
    this.#redis = redis;
    const registers = [metrics];
    this.#runs = new Counter({
      name: 'botledger_scheduled_runs_total',
      help: 'Runs of scheduled jobs by result: done or failed',
      labelNames: ['scheduled_job', 'result'],
      registers,
    });
    // From the start at 0, so that the first one is seen as an increase.
    for (const scheduled_job of jobs) {
      for (const result of ['done', 'failed']) this.#runs.inc({ scheduled_job, result }, 0);
    }
    gaugeSuccesses(metrics, redis);
    gaugeOutbox(metrics, database);
    gaugeLedger(metrics, database);
  }

  /** Notes since when a job is on schedule: it has never succeeded, but it is not overdue either. */
  async begin(job: string): Promise<void> {
    await this.#redis.hsetnx(SUCCESSES, job, Date.now());
  }

  /** Counts a run that did its work, and notes it for every schedule worker. */
  async countDone(job: string): Promise<void> {
    this.#runs.inc({ scheduled_job: job, result: 'done' });
    await this.#redis.hset(SUCCESSES, job, Date.now());
  }

  /** Counts a run that failed. */
  countFailed(job: string): void {
    this.#runs.inc({ scheduled_job: job, result: 'failed' });
  }
}

function gaugeSuccesses(metrics: Registry, redis: RedisClient): void {
  const ask = askTogether(() => redis.hgetall(SUCCESSES));
  new Gauge({
    name: 'botledger_scheduled_last_success_timestamp_seconds',
    help: 'When a scheduled job last did its work, in whatever process; before the first time, since when it is on schedule',
    labelNames: ['scheduled_job'],
    registers: [metrics],
    async collect() {
      const successes = (redis.status === 'ready' && (await ask())) || {};
      this.reset();
      for (const [scheduled_job, at] of Object.entries(successes)) this.set({ scheduled_job }, Number(at) / 1_000);
    },
  });
}

function gaugeOutbox(metrics: Registry, database: ScheduleMetricsDependencies['database']): void {
  const ask = askTogether(async () => {
    const [row] = await database.read(outbox, []);
    const { waiting, oldest } = row as { waiting: number; oldest: string | null };
    return { waiting, seconds: oldest === null ? 0 : Math.max(0, Date.now() - Date.parse(oldest)) / 1_000 };
  });
  new Gauge({
    name: 'botledger_outbox_waiting_events',
    help: `Events that are not yet handed to the queues of the bots; ${MOST_COUNTED} stands for more, too`,
    registers: [metrics],
    async collect() {
      setIfKnown(this, (await ask())?.waiting);
    },
  });
  new Gauge({
    name: 'botledger_outbox_oldest_event_age_seconds',
    help: 'How old the oldest of them is; 0 when there is none',
    registers: [metrics],
    async collect() {
      setIfKnown(this, (await ask())?.seconds);
    },
  });
}

function gaugeLedger(metrics: Registry, database: ScheduleMetricsDependencies['database']): void {
  const ask = askTogether(async () => {
    const [row] = await database.read(ledgerRows[database.dialect], []);
    return Math.max(0, Number(row?.['rows'] ?? 0));
  });
  new Gauge({
    name: 'botledger_ledger_rows',
    help: 'About how many units the ledger remembers',
    registers: [metrics],
    async collect() {
      setIfKnown(this, await ask());
    },
  });
}

// In the order of the index that holds what was not handed over, and nothing else.
const outbox: Statement = {
  text: `
  SELECT count(*) AS waiting, min(created_at) AS oldest
    FROM (SELECT created_at FROM outbox WHERE delivered_at IS NULL ORDER BY id LIMIT ${MOST_COUNTED}) AS undelivered`,
};

/** To count them would read the whole table. */
const ledgerRows: Record<Dialect, Statement> = {
  // As of the last ANALYZE, which autovacuum sees to.
  postgres: { text: `SELECT reltuples AS rows FROM pg_class WHERE oid = 'idempotency_keys'::regclass` },
  // Rows come at one end and are pruned at the other.
  sqlite: { text: 'SELECT max(rowid) - min(rowid) + 1 AS rows FROM idempotency_keys' },
};
