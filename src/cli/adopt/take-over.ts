import { QueryTypes, type Transaction } from 'sequelize';
import type { Database } from '../../database.js';
import { aside } from './aside.js';
import { OldTable } from './old-table.js';
import { plans, type TablePlan } from './plan.js';

/** What became of one table. */
export interface Adopted {
  table: string;
  before: number;
  after: number;
}

/** The database is not what the Python module makes: nothing was changed. */
export class AdoptError extends Error {
  override readonly name = 'AdoptError';
  /** @param problems each names the table and what about it is not known */
  constructor(readonly problems: readonly string[]) {
    super(`this database cannot be adopted as it is:\n  ${problems.join('\n  ')}`);
  }
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

type Place = ReturnType<typeof aside>;

async function readTables(place: Place): Promise<Map<TablePlan, OldTable>> {
  const problems: string[] = [];
  const tables = new Map<TablePlan, OldTable>();
  for (const plan of plans) {
    const columns = await place.columns(plan.name);
    if (columns.size === 0) continue;
    const old = new OldTable(place.dialect, plan.name, columns);
    tables.set(plan, old);
    const missing = plan.needs.filter((column) => !columns.has(column));
    const unknown = [...columns].filter((column) => ![...plan.needs, ...plan.knows].includes(column));
    problems.push(...missing.map((column) => `${plan.name}: the column ${column} is missing`));
    problems.push(
      ...unknown.map(
        (column) => `${plan.name}: the column ${column} is not known; drop it or move it to a table of its own`,
      ),
    );
    if (missing.length === 0) problems.push(...(await refusedRows(place, plan, old)));
  }
  if (tables.size === 0)
    problems.push('there is no table of the Python module; for a new database run `botledger migrate`');
  else if (!tables.has(plans[0] as TablePlan)) problems.push('users: the table is missing');
  for (const table of await place.referringTables(plans.map(({ name }) => name))) {
    problems.push(
      `${table}: refers to a table that is to be adopted; drop its foreign key first and add it again afterwards`,
    );
  }
  if (problems.length > 0) throw new AdoptError(problems);
  return tables;
}

async function refusedRows(place: Place, plan: TablePlan, old: OldTable): Promise<string[]> {
  const problems: string[] = [];
  for (const [what, condition] of Object.entries(plan.refuses(old))) {
    const count = await place.count(old.name, condition);
    if (count > 0) problems.push(`${plan.name}: ${count} rows have ${what}; mend them first`);
  }
  return problems;
}

async function copy(place: Place, plan: TablePlan, old: OldTable): Promise<void> {
  const source = new OldTable(old.dialect, place.nameOf(old.name), old.columns);
  const columns = Object.entries(plan.columns(source));
  const where = plan.keeps ? ` WHERE ${plan.keeps(source)}` : '';
  await place.run(
    `INSERT INTO ${plan.name} (${columns.map(([name]) => name).join(', ')})
       SELECT ${columns.map(([, value]) => value).join(', ')} FROM ${source.name} AS o${where}`,
  );
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
