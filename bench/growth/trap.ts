import { type Bench, size } from '../bench.js';
import { mixPacks } from '../contenders/mixed.js';
import { Fleet } from '../fleet.js';
import { checkMix } from '../mix-check.js';
import type { BenchDatabase } from '../servers.js';
import { measureSlice } from '../slice.js';
import { median } from '../statistics.js';
import { printTable } from '../table.js';

/** Units of the mix per second, on a database that began with nothing in any table. */
export interface Trap {
  /** The last of several lots, by workers that have been there from the start. */
  longLived: number;
  /** The lots after them, by workers that have just started, and with good statistics. */
  fresh: number;
}

/** Lots until the tables are large enough for a bad plan to cost. */
const FILLING = 3;

const WARM_UPS = 1;

/**
 * A plan that PostgreSQL makes while tables are empty may be a bad one once they are not, and a prepared statement
 * keeps its plan for as long as nothing tells the database better. Here nothing does.
 */
export async function measureTrap(bench: Bench): Promise<Trap> {
  const database = await bench.servers.createDatabase();
  await bench.servers.emptyRedis();
  try {
    await emptyTables(database);
    const longLived = await withWorkers(bench, database, 0, FILLING);
    await database.sql('VACUUM ANALYZE');
    const fresh = await withWorkers(bench, database, FILLING + bench.rounds, WARM_UPS);
    const rows = [
      ['workers there from the start', longLived, longLived / fresh],
      ['workers that have just started', fresh, 1],
    ];
    printTable(bench.say, ['the mix, in tables that began empty', 'units/s', '× fresh'], rows);
    return { longLived, fresh };
  } finally {
    await database.drop();
  }
}

async function emptyTables(database: BenchDatabase): Promise<void> {
  await database.sql('DELETE FROM users');
  const tables = await database.sql(`SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`);
  for (const { name } of tables) await database.sql(`ALTER TABLE ${name} SET (autovacuum_enabled = off)`);
  await database.sql('VACUUM ANALYZE');
}

/** The rate of lots that come after some others, done on the same connections. */
async function withWorkers(bench: Bench, database: BenchDatabase, first: number, before: number): Promise<number> {
  const fleet = new Fleet(mixPacks, { redisUrl: bench.servers.redisUrl, databaseUrl: database.url });
  const lot = size(bench, 10_000, 1_000);
  const end = first + before + bench.rounds;
  try {
    await fleet.start({ from: 0, to: 0 });
    const rates: number[] = [];
    for (let index = first; index < end; index++) {
      rates.push(await measureSlice(database, fleet, { from: index * lot, to: (index + 1) * lot }));
    }
    await fleet.stop();
    await checkMix(database, end * lot);
    return median(rates.slice(before));
  } finally {
    await fleet.close();
  }
}
