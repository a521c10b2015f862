import { BaseError, QueryTypes, type Transaction } from 'sequelize';
import type { Database } from '../../database.js';
import { aside } from './aside.js';
import { AdoptError, type Place, readTables } from './checks.js';
import { OldTable } from './old-table.js';
import type { TablePlan } from './plan.js';

/** What became of one table. */
export interface Adopted {
  table: string;
  before: number;
  after: number;
}

/** Ends the transaction of a dry run. */
class DryRun extends Error {}

/**
 * Turns the tables of the Python module into ours, in one transaction: the old ones step aside, the migrations make the
 * new ones, the rows move over, the old ones go.
 *
 * @param dryRun does all of it, and takes all of it back
 * @returns the rows of each table before and after; undefined when the database is ours already
 * @throws AdoptError naming everything that is not known; then nothing was changed
 */
export async function takeOver(database: Database, { dryRun }: { dryRun: boolean }): Promise<Adopted[] | undefined> {
  const { sequelize } = database;
  const migrations = await migrationFiles(database);
  let adopted: Adopted[] | undefined;
  const work = sequelize.transaction(async (transaction) => {
    const place = aside(database, transaction);
    if (await place.isOurs(migrations.map(({ name }) => name))) return;
    const tables = await readTables(place);
    const before = new Map<string, number>();
    for (const [plan, old] of tables) before.set(plan.name, await place.count(old.name));
    await place.moveAway([...tables.values()].map(({ name }) => name));

    const queryInterface = within(database, transaction);
    for (const { up } of migrations) await up(queryInterface);
    adopted = [];
    for (const [plan, old] of tables) {
      await copy(place, plan, old);
      adopted.push({ table: plan.name, before: before.get(plan.name) ?? 0, after: await place.count(plan.name) });
    }
    await upperCaseCodes(place);
    await place.finish(
      [...tables.values()].map(({ name }) => name),
      migrations.map(({ name }) => name),
    );
    if (dryRun) throw new DryRun();
  });
  await work.catch((error: unknown) => {
    if (!(error instanceof DryRun)) throw error;
  });
  return adopted;
}

async function copy(place: Place, plan: TablePlan, old: OldTable): Promise<void> {
  const source = new OldTable(old.dialect, place.nameOf(old.name), old.columns);
  const columns = Object.entries(plan.columns(source));
  const where = plan.keeps ? ` WHERE ${plan.keeps(source)}` : '';
  try {
    await place.run(
      `INSERT INTO ${plan.name} (${columns.map(([name]) => name).join(', ')})
         SELECT ${columns.map(([, value]) => value).join(', ')} FROM ${plan.reads?.(source) ?? source.name} AS o${where}`,
    );
  } catch (error) {
    // Sequelize's own words for a broken constraint name neither the table nor the constraint.
    const { message } = error instanceof BaseError && 'parent' in error ? (error.parent as Error) : (error as Error);
    throw new AdoptError([`${plan.name}: its rows do not fit: ${message}; mend them first`]);
  }
}

/** In JavaScript, because SQLite knows the case of ASCII letters only. */
async function upperCaseCodes(place: Place): Promise<void> {
  const rows = await place.rows<{ id: number; code: string }>('SELECT id, code FROM promocodes ORDER BY id');
  const codes = new Map<string, string>();
  for (const { code } of rows) {
    const upper = code.trim().toUpperCase();
    const other = codes.get(upper);
    if (other !== undefined)
      throw new AdoptError([`promocodes: ${other} and ${code} are the same code but for their case; rename one`]);
    codes.set(upper, code);
  }
  for (const { id, code } of rows) {
    const upper = code.trim().toUpperCase();
    if (upper !== code) await place.run('UPDATE promocodes SET code = $1 WHERE id = $2', [upper, id]);
  }
}

interface MigrationFile {
  name: string;
  up(queryInterface: unknown): Promise<unknown>;
}

async function migrationFiles(database: Database): Promise<MigrationFile[]> {
  const all = await database.migrations().migrations(database.sequelize.getQueryInterface());
  return Promise.all(all.map(async ({ name, path }) => ({ name, up: (await import(path as string)).default.up })));
}

/** What migrations run on, inside a transaction that is open already. */
function within({ sequelize, dialect }: Database, transaction: Transaction): unknown {
  return {
    sequelize: {
      getDialect: () => dialect,
      transaction: (work: (open: Transaction) => Promise<unknown>) => work(transaction),
      query: (sql: string) => sequelize.query(sql, { transaction, type: QueryTypes.RAW }),
    },
  };
}
