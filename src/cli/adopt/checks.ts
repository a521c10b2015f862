import type { aside } from './aside.js';
import { OldTable } from './old-table.js';
import { plans, type TablePlan } from './plan.js';

/** What adopting asks of the database. */
export type Place = ReturnType<typeof aside>;

/** The database is not what the Python module makes: nothing was changed. */
export class AdoptError extends Error {
  override readonly name = 'AdoptError';
  /** @param problems each names the table and what about it is not known */
  constructor(readonly problems: readonly string[]) {
    super(`this database cannot be adopted as it is:\n  ${problems.join('\n  ')}`);
  }
}

/**
 * The tables of the Python module, as they are.
 *
 * @throws AdoptError naming everything about them that is not known
 */
export async function readTables(place: Place): Promise<Map<TablePlan, OldTable>> {
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
  problems.push(...(await refusedNeighbours(place)));
  if (problems.length > 0) throw new AdoptError(problems);
  return tables;
}

async function refusedRows(place: Place, plan: TablePlan, old: OldTable): Promise<string[]> {
  // Building the columns tells the table which of its columns hold times and JSON.
  plan.columns(old);
  const all = { ...plan.refuses(old), ...old.unreadable(), ...(await orphans(place, old)) };
  const problems: string[] = [];
  for (const [what, condition] of Object.entries(all)) {
    const count = await place.count(old.name, condition);
    if (count > 0) problems.push(`${plan.name}: ${count} rows have ${what}; mend them first`);
  }
  return problems;
}

/** SQLite lets rows outlive what they refer to, unless told otherwise, and SQLAlchemy does not tell it. */
async function orphans(place: Place, old: OldTable): Promise<Record<string, string>> {
  const parents = { user_id: 'users', promocode_id: 'promocodes' };
  const found: Record<string, string> = {};
  for (const [column, parent] of Object.entries(parents)) {
    if (!old.columns.has(column) || !(await place.columns(parent)).has('id')) continue;
    found[`a ${column} that is not in ${parent}`] =
      `o.${column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${parent} AS p WHERE p.id = o.${column})`;
  }
  return found;
}

/** What hangs on the old tables and would be lost with them. */
async function refusedNeighbours(place: Place): Promise<string[]> {
  const ours = plans.map(({ name }) => name);
  const referring = await place.referringTables(ours);
  const dependents = await place.dependents(ours);
  return [
    ...referring.map(
      (table) =>
        `${table}: refers to a table that is to be adopted; drop its foreign key first and add it again afterwards`,
    ),
    ...dependents.map((name) => `${name}: hangs on a table that is to be adopted; drop it first, make it again after`),
  ];
}
