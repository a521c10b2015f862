import { type Bench, size } from '../bench.js';
import { botledgerPacks } from '../contenders/botledger.js';
import { fillLedger } from '../fill.js';
import { Fleet } from '../fleet.js';
import type { BenchDatabase } from '../servers.js';
import { measureSlice } from '../slice.js';
import { median } from '../statistics.js';
import { printTable } from '../table.js';
import { checkState } from '../workload.js';

/** Units per second, by what the ledger holds. */
export interface LedgerGrowth {
  /** Rows of the large ledger. */
  rows: number;
  empty: number;
  /** With many rows, by workers that have just started. */
  grown: number;
  /** With many rows, by workers that started when it was empty, and with what the database thought of it then. */
  trapped: number;
}

/** Committed units per second with an empty ledger and with ten million rows in it. */
export async function measureLedgerGrowth(bench: Bench): Promise<LedgerGrowth> {
  const rows = size(bench, 10_000_000, 100_000);
  const grown = await LedgerRun.open(bench);
  try {
    const trapped = await grown.measureWhileFilling(rows);
    const rates = { empty: [] as number[], grown: [] as number[] };
    for (let round = 1; round <= bench.rounds; round++) {
      rates.empty.push(await measureEmpty(bench));
      rates.grown.push(await grown.measure());
      bench.say(`  round ${round}  empty and full ledger`);
    }
    const growth = { rows, trapped, empty: median(rates.empty), grown: median(rates.grown) };
    print(bench, growth);
    return growth;
  } finally {
    await grown.close();
  }
}

async function measureEmpty(bench: Bench): Promise<number> {
  const run = await LedgerRun.open(bench);
  try {
    return await run.measure();
  } finally {
    await run.close();
  }
}

/** A database whose ledger has just been vacuumed, and what workers do with it. */
class LedgerRun {
  readonly #bench: Bench;
  readonly #database: BenchDatabase;
  #filled = 0;
  #units = 0;

  private constructor(bench: Bench, database: BenchDatabase) {
    this.#bench = bench;
    this.#database = database;
  }

  static async open(bench: Bench): Promise<LedgerRun> {
    const database = await bench.servers.createDatabase();
    await database.sql('VACUUM ANALYZE idempotency_keys');
    return new LedgerRun(bench, database);
  }

  /** Units per second of workers that start now. */
  measure(): Promise<number> {
    return this.#withFleet((fleet) => this.#slice(fleet));
  }

  /** Fills the ledger under workers that have begun on an empty one; the database learns nothing of it meanwhile. */
  async measureWhileFilling(count: number): Promise<number> {
    await this.#database.sql('ALTER TABLE idempotency_keys SET (autovacuum_enabled = off)');
    const rate = await this.#withFleet(async (fleet) => {
      await this.#slice(fleet);
      this.#bench.say(`  filling the ledger with ${count.toLocaleString('en-US')} rows`);
      await fillLedger(this.#database, { count, days: [28, 0] });
      this.#filled += count;
      const rates: number[] = [];
      for (let round = 1; round <= this.#bench.rounds; round++) rates.push(await this.#slice(fleet));
      return median(rates);
    });
    await this.#database.sql('ALTER TABLE idempotency_keys RESET (autovacuum_enabled)');
    await this.#database.sql('VACUUM ANALYZE idempotency_keys');
    return rate;
  }

  async #withFleet(measure: (fleet: Fleet) => Promise<number>): Promise<number> {
    const { servers } = this.#bench;
    await servers.emptyRedis();
    const fleet = new Fleet(botledgerPacks, { redisUrl: servers.redisUrl, databaseUrl: this.#database.url });
    try {
      await fleet.start({ from: 0, to: 0 });
      await this.#slice(fleet);
      const rate = await measure(fleet);
      await fleet.stop();
      await checkState(this.#database, this.#units, { xp: 0, keys: this.#filled });
      return rate;
    } finally {
      await fleet.close();
    }
  }

  #slice(fleet: Fleet): Promise<number> {
    const from = this.#units;
    this.#units += size(this.#bench, 60_000, 6_000);
    return measureSlice(this.#database, fleet, { from, to: this.#units });
  }

  close(): Promise<void> {
    return this.#database.drop();
  }
}

function print({ say }: Bench, { rows, empty, grown, trapped }: LedgerGrowth): void {
  const many = rows.toLocaleString('en-US');
  printTable(
    say,
    ['packs, by what the ledger holds', 'units/s', '× empty'],
    [
      ['nothing', empty, 1],
      [`${many} rows`, grown, grown / empty],
      [`${many} rows, came while workers ran`, trapped, trapped / empty],
    ],
  );
}
