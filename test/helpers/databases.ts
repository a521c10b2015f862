import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, type DatabaseOptions } from '../../src/database.js';
import type { Closable } from '../../src/lifecycle.js';
import { type Postgres, startPostgres } from './postgres.js';
import { closeAfterRun } from './run.js';

/** What every storage test runs on. */
export const dialects = ['postgres', 'sqlite'] as const;

type DialectName = (typeof dialects)[number];

/** An empty database of a test's own. */
export interface FreshDatabase extends Closable {
  readonly database: Database;
  /** For further connections, e.g. of another process. */
  readonly url: string;
  /** Closes and removes it; at the end of the run if not before. */
  close(): Promise<void>;
}

interface FreshOptions extends Omit<DatabaseOptions, 'url'> {
  /** Whether the tables are there already; true by default. */
  migrated?: boolean;
}

/** A new database with all tables: on PostgreSQL of the shared server, or a temporary SQLite file. */
export async function freshDatabase(
  dialect: DialectName,
  { migrated = true, ...options }: FreshOptions = {},
): Promise<FreshDatabase> {
  const { url, remove } = dialect === 'postgres' ? await onPostgres(migrated) : await inSqlite(migrated);
  const database = new Database({ url, ...options });
  let open = true;
  return closeAfterRun({
    database,
    url,
    async close() {
      if (!open) return;
      open = false;
      await database.close();
      await remove();
    },
  });
}

interface Place {
  url: string;
  remove(): Promise<void>;
}

let created = 0;
let server: Promise<Postgres> | undefined;
let postgresTemplate: Promise<void> | undefined;

/** The PostgreSQL that the whole run shares. */
export function sharedPostgres(): Promise<Postgres> {
  server ??= startPostgres();
  return server;
}

const TEMPLATE = 'migrated';

async function onPostgres(migrated: boolean): Promise<Place> {
  const postgres = await sharedPostgres();
  postgresTemplate ??= postgres.createDatabase(TEMPLATE).then(migrate);
  await postgresTemplate;
  const name = `test_${++created}`;
  const url = await postgres.createDatabase(name, migrated ? TEMPLATE : undefined);
  return { url, remove: () => postgres.dropDatabase(name) };
}

let directory: string | undefined;
let sqliteTemplate: Promise<void> | undefined;

async function inSqlite(migrated: boolean): Promise<Place> {
  directory ??= temporaryDirectory();
  const template = join(directory, 'migrated.sqlite');
  sqliteTemplate ??= migrate(`sqlite:${template}`);
  await sqliteTemplate;
  const file = join(directory, `test-${++created}.sqlite`);
  if (migrated) copyFileSync(template, file);
  const remove = async () => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  };
  return { url: `sqlite:${file}`, remove };
}

function temporaryDirectory(): string {
  const made = mkdtempSync(join(tmpdir(), 'botledger-sqlite-'));
  closeAfterRun({ close: async () => rmSync(made, { recursive: true, force: true }) });
  return made;
}

async function migrate(url: string): Promise<void> {
  const database = new Database({ url });
  await database.migrate();
  await database.close();
}
