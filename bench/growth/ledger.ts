import { type Bench, size } from '../bench.js';
import { botledgerPacks } from '../contenders/botledger.js';
import { fillLedger } from '../fill.js';
import { Fleet } from '../fleet.js';
import type { BenchDatabase } from '../servers.js';
import { measureSlice } from '../slice.js';
import { median, medianRatio } from '../statistics.js';
import { printTable } from '../table.js';
import { checkState } from '../workload.js';

/** What a ledger with many rows in it does. */
interface BesideEmpty {
  /** Units per second. */
  perSecond: number;
  /** To an empty ledger: the median over the rounds. */
  ratio: number;
}

/** Committed units per second, by what the ledger holds. */
export interface LedgerGrowth {
  /** Rows of the large ledger. */
  rows: number;
  /** Units per second. */
  empty: number;
  /** By workers that have just started. */
  grown: BesideEmpty;
  /** By workers that started when it was empty, and with what the database thought of it then. */
  trapped: BesideEmpty;
}

/** Committed units per second with an empty ledger and with ten million rows in it. */
export async function measureLedgerGrowth(bench: Bench): Promise<LedgerGrowth> {
  await bench.servers.emptyRedis();
  const rows = size(bench, 10_000_000, 100_000);
  const empty: number[] = [];
  /** Measures it and an empty one in turns. */
  const besideEmpty = async (what: string, measure: () => Promise<number>): Promise<BesideEmpty> => {
    const rates: number[] = [];
    const empties: number[] = [];
    for (let round = 1; round <= bench.rounds; round++) {
      empties.push(await measureEmpty(bench));
      rates.push(await measure());
      bench.say(`  round ${round}  empty ledger, and ${what}`);
    }
    empty.push(...empties);
    return { perSecond: median(rates), ratio: medianRatio(rates, empties) };
  };

  const run = await LedgerRun.open(bench);
  try {
    const trapped = await run.fillUnderWorkers(rows, (measure) => besideEmpty('one filled under its workers', measure));
    const grown = await besideEmpty('the full one', () => run.measure());
    const growth = { rows, empty: median(empty), grown, trapped };
    print(bench, growth);
    return growth;
  } finally {
    await run.close();
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
  readonly #redisUrl: string;
  #filled = 0;
  #units = 0;

  private constructor(bench: Bench, database: BenchDatabase) {
    this.#bench = bench;
    this.#database = database;
    this.#redisUrl = bench.servers.createRedisDatabase();
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

  /**
   * Fills the ledger under workers that have begun on an empty one; the database learns nothing of it meanwhile.
   *
   * @param then is given what measures the units per second of these workers
   */
  async fillUnderWorkers<T>(count: number, then: (measure: () => Promise<number>) => Promise<T>): Promise<T> {
    await this.#database.sql('ALTER TABLE idempotency_keys SET (autovacuum_enabled = off)');
    const result = await this.#withFleet(async (fleet) => {
      await this.#slice(fleet);
      this.#bench.say(`  filling the ledger with ${count.toLocaleString('en-US')} rows`);
      await fillLedger(this.#database, { count, days: [28, 0] });
      this.#filled += count;
      return then(() => this.#slice(fleet));
    });
    await this.#database.sql('ALTER TABLE idempotency_keys RESET (autovacuum_enabled)');
    await this.#database.sql('VACUUM ANALYZE idempotency_keys');
    return result;
  }

  async #withFleet<T>(use: (fleet: Fleet) => Promise<T>): Promise<T> {
    const fleet = new Fleet(botledgerPacks, { redisUrl: this.#redisUrl, databaseUrl: this.#database.url });
    try {
      await fleet.start({ from: 0, to: 0 });
      await this.#slice(fleet);
      const result = await use(fleet);
      await fleet.stop();
      await checkState(this.#database, this.#units, { xp: 0, keys: this.#filled });
      return result;
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
      [`${many} rows`, grown.perSecond, grown.ratio],
      [`${many} rows, came while workers ran`, trapped.perSecond, trapped.ratio],
    ],
  );
}
