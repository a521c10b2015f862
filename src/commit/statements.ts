import type { Dialect, Row, SqlSession, Statement } from '../database.js';
import { decode, encoderOf } from './encoding.js';
import type { Column, Table, Tables } from './tables.js';
import type { Changes } from './working-set.js';

/**
 * Bulk statements: however many rows, one statement and one round trip. The rows travel as one array per column on
 * PostgreSQL (`unnest`), and as one JSON document on SQLite (`json_each`). A single row travels as it is on PostgreSQL,
 * which then has no join to plan: a lone unit is committed in two thirds of the time.
 */

type Record_ = Record<string, unknown>;

/** A row that was read or written alone, on PostgreSQL, tells its version: the transaction that wrote it last. */
const VERSION: Column = { property: 'rowVersion', name: 'xmin', kind: 'text', sqlType: 'xid', writeOnly: false };

/** Loads the rows under the keys, oldest first; locks them in that order where the table asks for it. */
export async function selectByKey(session: SqlSession, table: Table, keys: readonly (readonly unknown[])[]) {
  const loaded = table.columns.filter((column) => !column.writeOnly);
  const form = formOf(session.dialect, keys);
  const statement = cached(session.dialect, `select ${table.name}`, form, () => {
    const selected = form === 'row' && table.remembered ? [...loaded, VERSION] : loaded;
    const columns = selected.map((column) => `t.${column.name} AS "${column.property}"`).join(', ');
    const match = table.key.map(({ name }) => `t.${name} = k.${name}`).join(' AND ');
    const order = table.columns.some(({ name }) => name === 'id') ? ' ORDER BY t.id' : '';
    const lock = table.lock && session.dialect === 'postgres' ? ' FOR UPDATE OF t' : '';
    // CROSS JOIN keeps SQLite from turning the join around; PostgreSQL is told by `lookupsOnly`.
    const from = `${source(form, table.key, 'k')} CROSS JOIN ${table.name} t`;
    return `SELECT ${columns} FROM ${from} WHERE ${match}${order}${lock}`;
  });
  const rows = await session.query(
    statement,
    parameters(session.dialect, form, table.key, keys, (key, _, index) => key[index]),
  );
  return decode(session.dialect, loaded, rows);
}

/** Inserts rows. */
export function insertRows(session: SqlSession, table: Table, rows: readonly Record_[]): void {
  session.send(...insert(session.dialect, table, rows, ''));
}

/** Inserts the rows that break no unique index, and returns the keys of those. */
export function insertUnlessThere(session: SqlSession, table: Table, rows: readonly Record_[]) {
  const key = table.key.map(({ name, property }) => `${name} AS "${property}"`).join(', ');
  return session.query(...insert(session.dialect, table, rows, ` ON CONFLICT DO NOTHING RETURNING ${key}`));
}

function insert(dialect: Dialect, table: Table, rows: readonly Record_[], suffix: string): [Statement, unknown[]] {
  const given = table.columns.filter(({ property }) => rows.some((row) => row[property] !== undefined));
  const names = given.map(({ name }) => name).join(', ');
  const form = formOf(dialect, rows);
  const statement = cached(dialect, `insert ${table.name} ${names}${suffix}`, form, () => {
    const values = given.map(({ name }) => `v.${name}`).join(', ');
    // SQLite needs the WHERE to tell ON CONFLICT from a join's ON.
    return `INSERT INTO ${table.name} (${names}) SELECT ${values} FROM ${source(form, given, 'v')} WHERE true${suffix}`;
  });
  return [statement, parameters(dialect, form, given, rows, property)];
}

/** Writes the given properties of rows, found by their ids. */
export function updateRows(
  session: SqlSession,
  table: Table,
  rows: readonly Record_[],
  properties: ReadonlySet<string>,
): void {
  const changed = table.columns.filter(({ property }) => properties.has(property));
  const given = [idColumn(table), ...changed];
  const form = formOf(session.dialect, rows);
  const versioned = form === 'row' && table.remembered;
  const statement = cached(
    session.dialect,
    `update ${table.name} ${[...changed.map(({ name }) => name)]}`,
    form,
    () => {
      const set = changed.map(({ name, writeOnly }) =>
        writeOnly ? `${name} = COALESCE(v.${name}, t.${name})` : `${name} = v.${name}`,
      );
      const returning = versioned ? ` RETURNING t.${VERSION.name} AS "${VERSION.property}"` : '';
      return `UPDATE ${table.name} AS t SET ${set.join(', ')} FROM ${source(form, given, 'v')} WHERE t.id = v.id${returning}`;
    },
  );
  const note = ([version]: Row[]) => void Object.assign(rows[0] as Record_, version);
  session.send(statement, parameters(session.dialect, form, given, rows, property), versioned ? note : undefined);
}

/** Rows that are known from before, and what is to become of them. */
export interface KnownWrite {
  /** Every row that the rules may have read. */
  readonly known: readonly { table: Table; row: Record_ }[];
  /** Of these rows. */
  readonly changes: readonly Changes[];
  readonly ledgerRow: Record_;
  readonly rankVersion: number;
}

/**
 * One statement that writes rows and a ledger row, if the rows are still as they are known and the leaderboard is cut
 * as it is known; only for PostgreSQL. The rows are locked first, so that who waits for whom is as in a batch.
 *
 * @returns the statement, with its values: it answers with the new versions of the changed rows, in one row, or with
 *   none when it wrote nothing
 */
export function writeIfStill(
  { ledger }: Tables,
  { known, changes, ledgerRow, rankVersion }: KnownWrite,
): [Statement, unknown[]] {
  let what = 'if still';
  const values: unknown[] = [];
  const bind = (column: Column, row: Record_) => {
    what += ` ${column.name}`;
    values.push(encoderOf('postgres', column)(row[column.property]));
  };
  for (const { table, row } of known) {
    what += ` ${table.name}`;
    bind(idColumn(table), row);
    bind(VERSION, row);
  }
  values.push(rankVersion);
  for (const { table, updated, properties } of changes) {
    what += ` ${table.name}`;
    const row = updated[0] as Record_;
    bind(idColumn(table), row);
    for (const column of table.columns) if (properties.has(column.property)) bind(column, row);
  }
  what += ` ${ledger.name}`;
  for (const column of ledger.columns) if (ledgerRow[column.property] !== undefined) bind(column, ledgerRow);

  const statement = cached('postgres', what, 'row', () => {
    let count = 0;
    const next = ({ sqlType }: Pick<Column, 'sqlType'>) => `$${++count}::${sqlType}`;
    const same = known.map(
      ({ table }, index) => `t${index}.id = ${next(idColumn(table))} AND t${index}.xmin = ${next(VERSION)}`,
    );
    const held = known.map(({ table }, index) => `${table.name} AS t${index}`);
    const rank = next({ sqlType: 'int' });
    const updates = changes.map(({ table, properties }, index) => {
      const id = next(idColumn(table));
      const changed = table.columns.filter(({ property }) => properties.has(property));
      const set = changed.map((column) => `${column.name} = ${next(column)}`);
      return `w${index} AS (UPDATE ${table.name} AS t SET ${set.join(', ')} FROM still WHERE t.id = ${id} RETURNING t.xmin)`;
    });
    const given = ledger.columns.filter(({ property }) => ledgerRow[property] !== undefined);
    const parts = [
      `held AS (SELECT FROM ${held.join(', ')} WHERE ${same.join(' AND ')} FOR UPDATE)`,
      'ranked AS (SELECT botledger_rank_version() AS version FROM held)',
      `still AS (SELECT FROM ranked WHERE version = ${rank})`,
      ...updates,
      `l AS (INSERT INTO ${ledger.name} (${given.map(({ name }) => name)}) SELECT ${given.map(next)} FROM still)`,
    ];
    const versions = changes.map((_, index) => `(SELECT xmin FROM w${index}) AS "${index}"`);
    return `WITH ${parts.join(', ')} SELECT ${versions.join(', ')} FROM still`;
  });
  return [statement, values];
}

/** Deletes rows, found by their ids. */
export function deleteRows(session: SqlSession, table: Table, rows: readonly Record_[]): void {
  const given = [idColumn(table)];
  const form = formOf(session.dialect, rows);
  const statement = cached(
    session.dialect,
    `delete ${table.name}`,
    form,
    () => `DELETE FROM ${table.name} WHERE id IN (SELECT v.id FROM ${source(form, given, 'v')})`,
  );
  session.send(statement, parameters(session.dialect, form, given, rows, property));
}

/** Takes the next ids of a table out of its sequence. */
export async function takeIds(session: SqlSession, table: Table, count: number): Promise<number[]> {
  const { dialect } = session;
  const statement = cached(dialect, `ids ${table.name}`, formOf(dialect, [count]), () =>
    dialect === 'postgres'
      ? `SELECT nextval(pg_get_serial_sequence('${table.name}', 'id')) AS id FROM generate_series(1, $1::int)`
      : `SELECT n.value + COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '${table.name}'), 0) AS id
           FROM json_each(?1) AS n`,
  );
  const values = dialect === 'postgres' ? count : JSON.stringify(Array.from({ length: count }, (_, i) => i + 1));
  const rows = await session.query(statement, [values]);
  return rows.map(({ id }) => id as number);
}

function idColumn(table: Table): Column {
  const id = table.columns.find(({ name }) => name === 'id');
  if (!id) throw new Error(`${table.name} has no id column to update by`);
  return id;
}

/** How rows travel: as arrays, as themselves, or as a document. */
type Form = 'arrays' | 'row' | 'document';

function formOf(dialect: Dialect, rows: readonly unknown[]): Form {
  if (dialect === 'sqlite') return 'document';
  return rows.length === 1 ? 'row' : 'arrays';
}

/** A FROM item that yields the parameters as rows. */
function source(form: Form, columns: readonly Column[], alias: string): string {
  const names = columns.map(({ name }) => name);
  if (form === 'document') {
    const fields = names.map((name, index) => `value ->> '$[${index}]' AS ${name}`);
    return `(SELECT ${fields.join(', ')} FROM json_each(?1)) AS ${alias}`;
  }
  const types = columns.map(({ sqlType }, index) => `$${index + 1}::${sqlType}`);
  if (form === 'row')
    return `(SELECT ${types.map((type, index) => `${type} AS ${names[index]}`).join(', ')}) AS ${alias}`;
  return `unnest(${types.map((type) => `${type}[]`).join(', ')}) AS ${alias}(${names.join(', ')})`;
}

const property = (row: Record_, column: Column) => row[column.property];

/** The parameters that `source` names. */
function parameters<R>(
  dialect: Dialect,
  form: Form,
  columns: readonly Column[],
  rows: readonly R[],
  pick: (row: R, column: Column, index: number) => unknown,
): unknown[] {
  const encoded = columns.map((column, index) => {
    const encode = encoderOf(dialect, column);
    return rows.map((row) => encode(pick(row, column, index)));
  });
  if (form === 'arrays') return encoded;
  if (form === 'row') return encoded.map(([value]) => value);
  return [JSON.stringify(rows.map((_, row) => encoded.map((values) => values[row])))];
}

const statements = new Map<string, Statement>();

/**
 * Builds each statement once. All are prepared: to plan those of a batch takes PostgreSQL as long as ten units. A kept
 * plan cannot take a wrong way with more rows than it was made for: on connections that are for look-ups only there is
 * but one.
 */
function cached(dialect: Dialect, what: string, form: Form, build: () => string): Statement {
  const id = `${dialect} ${what} ${form}`;
  let statement = statements.get(id);
  if (!statement) {
    const text = build();
    statement = { name: `botledger_${statements.size}`, text };
    statements.set(id, statement);
  }
  return statement;
}
