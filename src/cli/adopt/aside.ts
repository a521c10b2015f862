import { QueryTypes, type Transaction } from 'sequelize';
import { DataType } from 'sequelize-typescript';
import type { Database } from '../../database.js';

/** Where the old tables wait on PostgreSQL; on SQLite, which has no schemas, they get this prefix. */
const OLD = 'botledger_old';

/** The enumerations that SQLAlchemy made. */
const ENUMS = ['subscriptiontype', 'paymentstatus', 'freetrainingsource', 'promocodetype'];

interface Dependent {
  kind: string;
  name: string;
  /** What it hangs on. */
  on: string;
}

const SQLITE_DEPENDENTS = `SELECT type AS kind, name, sql AS "on" FROM sqlite_master WHERE type IN ('view', 'trigger')`;

const POSTGRES_DEPENDENTS = `
  SELECT 'trigger' AS kind, tgname AS name, tgrelid::regclass::text AS "on" FROM pg_trigger WHERE NOT tgisinternal
  UNION SELECT 'view', r.ev_class::regclass::text, d.refobjid::regclass::text
    FROM pg_rewrite AS r JOIN pg_depend AS d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class`;

/** What adopting asks of the database and does to it, inside one transaction. */
export function aside({ sequelize, dialect }: Database, transaction: Transaction) {
  const rows = <T extends object>(sql: string, bind: unknown[] = []) =>
    sequelize.query<T>(sql, { bind, transaction, type: QueryTypes.SELECT });
  const run = async (sql: string, bind: unknown[] = []) => {
    await sequelize.query(sql, { bind, transaction, type: QueryTypes.RAW });
  };
  const tables = () =>
    dialect === 'sqlite'
      ? rows<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      : rows<{ name: string }>(
          'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()',
        );
  const nameOf = (table: string) => (dialect === 'sqlite' ? `${OLD}_${table}` : `${OLD}.${table}`);

  return {
    dialect,
    rows,
    run,
    nameOf,

    /** Whether the migrations have made this database. */
    async isOurs(migrations: readonly string[]): Promise<boolean> {
      if (!(await tables()).some(({ name }) => name === 'SequelizeMeta')) return false;
      const done = await rows<{ name: string }>('SELECT name FROM "SequelizeMeta"');
      return done.some(({ name }) => migrations.includes(name));
    },

    async columns(table: string): Promise<Set<string>> {
      const found =
        dialect === 'sqlite'
          ? await rows<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`)
          : await rows<{ name: string }>(
              'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1',
              [table],
            );
      return new Set(found.map(({ name }) => name));
    },

    async count(table: string, condition = 'TRUE'): Promise<number> {
      const [row] = await rows<{ count: number }>(`SELECT count(*) AS count FROM ${table} AS o WHERE ${condition}`);
      return row?.count ?? 0;
    },

    /** Other tables whose foreign keys point at these. */
    async referringTables(ours: readonly string[]): Promise<string[]> {
      if (dialect === 'sqlite') {
        const others = (await tables()).filter(({ name }) => !ours.includes(name));
        const pointing = await Promise.all(
          others.map(async ({ name }) => {
            const keys = await rows<{ table: string }>(`SELECT "table" FROM pragma_foreign_key_list('${name}')`);
            return keys.some((key) => ours.includes(key.table)) ? [name] : [];
          }),
        );
        return pointing.flat();
      }
      const found = await rows<{ name: string }>(
        `SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint
          WHERE contype = 'f' AND confrelid::regclass::text = ANY($1) AND NOT conrelid::regclass::text = ANY($1)`,
        [ours],
      );
      return found.map(({ name }) => name);
    },

    /** Views and triggers on these tables. */
    async dependents(ours: readonly string[]): Promise<string[]> {
      const found =
        dialect === 'sqlite' ? await rows<Dependent>(SQLITE_DEPENDENTS) : await rows<Dependent>(POSTGRES_DEPENDENTS);
      const names = new RegExp(`\\b(${ours.join('|')})\\b`, 'i');
      return found.filter(({ on }) => names.test(on)).map(({ kind, name }) => `the ${kind} ${name}`);
    },

    /** Gets the old tables out of the way, with their indexes and sequences. */
    async moveAway(old: readonly string[]): Promise<void> {
      if (dialect === 'postgres') {
        await run(`CREATE SCHEMA ${OLD}`);
        for (const table of old) await run(`ALTER TABLE ${table} SET SCHEMA ${OLD}`);
        return;
      }
      const indexes = await rows<{ name: string; tbl_name: string }>(
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
      );
      for (const { name, tbl_name } of indexes) if (old.includes(tbl_name)) await run(`DROP INDEX "${name}"`);
      for (const table of old) await run(`ALTER TABLE ${table} RENAME TO ${nameOf(table)}`);
    },

    /** Lets ids go on where the old ones ended, removes what is old, and records the migrations. */
    async finish(old: readonly string[], migrations: readonly string[]): Promise<void> {
      if (dialect === 'postgres') {
        for (const table of old) {
          await run(
            `SELECT setval(pg_get_serial_sequence('${table}', 'id'), COALESCE(max(id), 0) + 1, false) FROM ${table}`,
          );
        }
      }
      // Without CASCADE: what else hangs on them stops the adoption, instead of vanishing.
      for (const table of [...old].reverse()) await run(`DROP TABLE ${nameOf(table)}`);
      if (dialect === 'postgres') {
        await run(`DROP SCHEMA ${OLD}`);
        await dropEnums();
      }
      // As umzug and sequelize-cli make it.
      const name = { type: DataType.STRING, allowNull: false, unique: true, primaryKey: true };
      await sequelize.getQueryInterface().createTable('SequelizeMeta', { name }, { transaction });
      for (const file of migrations) await run('INSERT INTO "SequelizeMeta" (name) VALUES ($1)', [file]);
    },
  };

  /** Those that no other table uses. */
  async function dropEnums(): Promise<void> {
    const unused = await rows<{ name: string }>(
      `SELECT typname AS name FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
        WHERE n.nspname = current_schema() AND typtype = 'e' AND typname = ANY($1)
          AND NOT EXISTS (SELECT 1 FROM pg_attribute AS a WHERE a.atttypid = t.oid AND NOT a.attisdropped)`,
      [ENUMS],
    );
    for (const { name } of unused) await run(`DROP TYPE ${name}`);
  }
}
