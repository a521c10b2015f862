import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Mutex } from 'async-mutex';
import pg from 'pg';
import { Sequelize } from 'sequelize-typescript';
import type sqlite3 from 'sqlite3';
import { SequelizeStorage, Umzug } from 'umzug';
import { isOfNoUse, kindOf } from './failures.js';
import { gather } from './gather.js';
import { models } from './models/index.js';

export type Dialect = 'postgres' | 'sqlite';

/** By which PostgreSQL tells our connections from others. */
export const APPLICATION_NAME = 'botledger';

/** How to reach a database and how long to wait for it. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:port/name` or `sqlite:./path/to/file.sqlite`. */
  url: string;
  /** Most connections at once (PostgreSQL). */
  poolSize?: number;
  /**
   * PostgreSQL gives up a statement after this long. After a third more it is given up without PostgreSQL's word, and
   * PostgreSQL gives up on a transaction that nothing is heard of.
   */
  statementTimeoutMs?: number;
  /** PostgreSQL gives up waiting for a lock after this long. */
  lockTimeoutMs?: number;
  /**
   * For connections that look up rows by key and nothing else: PostgreSQL is told to use indexes in their order. A plan
   * made while a table was empty would otherwise scan it for as long as the connection lives.
   */
  lookupsOnly?: boolean;
}

export type Row = Record<string, unknown>;

/**
 * One SQL text. If it has a name, PostgreSQL parses it once per connection, and soon plans it for whatever values come;
 * without one it is planned for the values at hand.
 */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/**
 * An open transaction. Statements run in the order in which they are given, and those given together share a round
 * trip: give all that do not depend on each other before waiting for any.
 */
export interface SqlSession {
  readonly dialect: Dialect;
  /** Runs a statement; values are bound to `$1…` (PostgreSQL) or `?1…` (SQLite). */
  query(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /**
   * Runs a statement that nothing waits for; if it fails, so does the transaction.
   *
   * @param onRows gets its rows, before the transaction is committed
   */
  send(statement: Statement, values: readonly unknown[], onRows?: (rows: Row[]) => void): void;
}

const READ_ONLY: Statement = {
  text: `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS "readOnly"`,
};

/** Takes a page, which a full disk does not give. */
const WRITE_SOMETHING: Statement = { text: 'CREATE TABLE botledger_probe (x)' };

const BUSY_TIMEOUT_MS = 10_000;
const ASK_AGAIN_MS = 10;
const DEADLOCK_RETRIES = 10;

// Beyond 2^53 nothing of ours is stored: every payload is bounded, and sums are clamped.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Rows as plain statements give them: JSON stays text, because the commit path never looks into it. */
const rowTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.JSON || oid === pg.types.builtins.JSONB) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;

/** Rows of reads: moments stay text as well, because they leave as text. */
const readTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (text: string) => text;
    return rowTypes.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;

/**
 * A database: Sequelize with all models for reads, and transactions of named statements for writes. Models are bound
 * per instance, so a process may open several: ask `database.sequelize.getRepository(User)`, never `User` itself.
 */
export class Database {
  readonly dialect: Dialect;
  readonly sequelize: Sequelize;
  // SQLite has one writer; waiting here is fair, waiting inside SQLite is not (20 concurrent transactions mostly fail).
  readonly #writer = new Mutex();
  /** Whether the SQLite file has its write-ahead log. */
  #isLogged = false;
  /** The connection that was given back last, until one is taken: the pool gives it out next. */
  #next: pg.Client | undefined;

  constructor(options: DatabaseOptions) {
    this.dialect = options.url.startsWith('sqlite:') ? 'sqlite' : 'postgres';
    this.sequelize = this.dialect === 'sqlite' ? openSqlite(options) : openPostgres(options);
  }

  /**
   * Runs work in one transaction: READ COMMITTED on PostgreSQL, `BEGIN IMMEDIATE` behind a mutex on SQLite. A deadlock
   * or serialization failure rolls back and runs the whole work again.
   *
   * @throws whatever `work` throws, after rolling back; the driver's error when the database is away
   */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    return untilNoDeadlock(() =>
      this.dialect === 'sqlite' ? this.#writer.runExclusive(() => this.#inSqlite(work)) : this.#inPostgres(work),
    );
  }

  /**
   * Runs one statement that is a transaction by itself: one round trip. It runs again after a deadlock, as transactions
   * do.
   *
   * @returns rows as the driver gives them, once they are committed
   * @throws the driver's error; when the database went away meanwhile, nobody knows whether it was committed
   */
  write(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    if (this.dialect === 'sqlite') return this.transaction((session) => session.query(statement, values));
    return untilNoDeadlock(() => this.#onConnection('write', (client) => ask(client, statement, values)));
  }

  async #inPostgres<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const client = await this.#takeConnection('write');
    const conversation = new Conversation('postgres', (statement, values) => ask(client, statement, values));
    let broken = true;
    try {
      // Nothing waits for the answer of BEGIN: what is written comes after answers that come after it.
      conversation.send({ text: 'BEGIN' }, []);
      const result = await work(conversation);
      conversation.send({ text: 'COMMIT' }, []);
      await conversation.answered();
      broken = false;
      return result;
    } catch (error) {
      const cause = conversation.failure ?? error;
      broken = isOfNoUse(cause) || (await rollBack(client));
      throw cause;
    } finally {
      await this.#giveBack(client, broken);
    }
  }

  async #inSqlite<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    // A connection of its own, kept open: readers on the default connection see committed rows only.
    const connection = await sqliteConnection(this.sequelize, 'writer');
    if (!this.#isLogged) await logWritesAhead(connection);
    this.#isLogged = true;
    const conversation = new Conversation('sqlite', ({ text }, values) => run(connection, text, values));
    await run(connection, 'BEGIN IMMEDIATE', []);
    try {
      const result = await work(conversation);
      // Unlike PostgreSQL, SQLite would commit the rest after a statement that failed.
      await conversation.answered();
      await run(connection, 'COMMIT', []);
      return result;
    } catch (error) {
      await run(connection, 'ROLLBACK', []).catch(() => undefined);
      throw conversation.failure ?? error;
    }
  }

  /**
   * Runs one statement that reads, outside of any transaction; for what is asked so often that a model would cost more
   * than the question.
   *
   * @param values bound to `$1…`, on SQLite too
   * @returns rows as the driver gives them: JSON and moments are text
   * @throws the driver's error
   */
  async read(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const { logging } = this.sequelize.options;
    if (typeof logging === 'function') logging(statement.text);
    if (this.dialect === 'sqlite') {
      const connection = await sqliteConnection(this.sequelize, 'reader');
      return run(
        connection,
        statement.text,
        Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value])),
      );
    }
    return this.#onConnection('read', (client) => ask(client, statement, values, readTypes));
  }

  async #onConnection<T>(type: 'read' | 'write', work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#takeConnection(type);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      // What PostgreSQL refused it has done with; after any other error its answer may still be under way.
      broken = !(error instanceof pg.DatabaseError);
      throw error;
    } finally {
      await this.#giveBack(client, broken);
    }
  }

  async #takeConnection(type: 'read' | 'write'): Promise<pg.Client> {
    const client = (await this.sequelize.connectionManager.getConnection({ type })) as pg.Client;
    this.#next = undefined;
    return client;
  }

  /** @param broken whether it is in an unknown state: then it must not serve anyone else */
  async #giveBack(client: pg.Client, broken: boolean): Promise<void> {
    const connections = this.sequelize.connectionManager as unknown as PoolKeeper;
    if (broken) return connections.destroyConnection(client).catch(() => undefined);
    connections.releaseConnection(client);
    this.#next = client;
  }

  /**
   * Lets a transaction that comes in a moment find a process of PostgreSQL that is awake: the system wakes it while the
   * transaction is got ready.
   */
  wake(): void {
    // A Flush message: there is nothing to send back, so nothing is answered. It leaves at once, not with what comes next.
    if (this.#next) connectionOf(this.#next).flush();
  }

  /** The connections of a PostgreSQL; SQLite has no pool. */
  get pool(): ConnectionPool | undefined {
    return this.dialect === 'sqlite' ? undefined : (this.sequelize.connectionManager as unknown as PoolKeeper).pool;
  }

  /** Answers when the database does. */
  async ping(): Promise<void> {
    await this.sequelize.query('SELECT 1');
  }

  /**
   * Answers when the database takes writes, as far as that can be told without leaving any.
   *
   * @throws the driver's error, or one like it, when it does not
   */
  async tryWriting(): Promise<void> {
    const undone = new Error('rolled back');
    const attempt = this.transaction(async (session) => {
      const [answer] = await session.query(session.dialect === 'postgres' ? READ_ONLY : WRITE_SOMETHING, []);
      if (answer?.['readOnly']) throw Object.assign(new Error('cannot write to a standby'), { code: '25006' });
      throw undone;
    });
    await attempt.catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  }

  /**
   * Brings the schema up to date; safe to run from many processes at once.
   *
   * @returns the names of the migrations that ran now
   */
  async migrate(): Promise<string[]> {
    const ran: string[] = [];
    const up = async () => {
      const migrations = this.migrations();
      migrations.on('migrated', ({ name }) => void ran.push(name));
      await migrations.up();
      return ran;
    };
    if (this.dialect === 'sqlite') return this.#writer.runExclusive(() => this.#migrateSqlite(up));
    return this.sequelize.transaction(async (transaction) => {
      await this.sequelize.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`, { transaction });
      return up();
    });
  }

  /** SQLite has no lock to wait on: who loses the race is rolled back, and finds the work done when it looks again. */
  async #migrateSqlite(up: () => Promise<string[]>, retries = 5): Promise<string[]> {
    try {
      return await up();
    } catch (error) {
      if (retries === 0) throw error;
      return this.#migrateSqlite(up, retries - 1);
    }
  }

  /** The migrations, for `up`, `down` and `pending`; sequelize-cli runs the same files with the same records. */
  migrations(): Umzug<ReturnType<Sequelize['getQueryInterface']>> {
    return new Umzug({
      migrations: {
        glob: ['*.cjs', { cwd: fileURLToPath(new URL('../../migrations', import.meta.url)) }],
        resolve({ name, path, context }) {
          const load = async () => (await import(path as string)).default;
          return {
            name,
            up: async () => (await load()).up(context, Sequelize),
            down: async () => (await load()).down(context, Sequelize),
          };
        },
      },
      context: this.sequelize.getQueryInterface(),
      storage: new SequelizeStorage({ sequelize: this.sequelize }),
      logger: undefined,
    });
  }

  async close(): Promise<void> {
    await this.sequelize.close();
  }
}

type Ask = (statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** The statements of one transaction. Remembers the first that failed: those after it only fail because of it. */
class Conversation implements SqlSession {
  readonly #ask: Ask;
  readonly #sent: Promise<void>[] = [];
  failure: unknown;

  constructor(
    readonly dialect: Dialect,
    ask: Ask,
  ) {
    this.#ask = ask;
  }

  async query(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    try {
      const rows = await this.#ask(statement, values);
      if (!this.failure) return rows;
    } catch (error) {
      this.failure ??= error;
    }
    throw this.failure;
  }

  send(statement: Statement, values: readonly unknown[], onRows: (rows: Row[]) => void = () => undefined): void {
    this.#sent.push(
      this.#ask(statement, values).then(onRows, (error: unknown) => {
        this.failure ??= error;
      }),
    );
  }

  /** @throws the error of the first statement that failed */
  async answered(): Promise<void> {
    await Promise.all(this.#sent);
    if (this.failure) throw this.failure;
  }
}

/** An arbitrary number that stands for "botledger migrates" among PostgreSQL's advisory locks. */
const MIGRATION_LOCK = 7_226_011;

/** How many connections are in which state. */
export interface ConnectionPool {
  readonly using: number;
  readonly available: number;
  /** How many wait for a connection. */
  readonly waiting: number;
  readonly maxSize: number;
}

/** Whether the connection is broken: then PostgreSQL has rolled back, or will when it notices. */
async function rollBack(client: pg.Client): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => false,
    () => true,
  );
}

interface PoolKeeper {
  readonly pool: ConnectionPool;
  destroyConnection(connection: unknown): Promise<void>;
  releaseConnection(connection: unknown): void;
}

/**
 * Sequelize listens for a client's errors only once it is connected; an error in the same packet as the last step of
 * connecting would end the process. Every query that was under way rejects all the same.
 */
class QuietClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    // Statements go out without waiting for the answers to those before them.
    super({ ...config, pipeline: true });
    this.on('error', () => undefined);
  }
}

function openPostgres(options: DatabaseOptions): Sequelize {
  const { statementTimeoutMs = 15_000 } = options;
  const beyond = Math.ceil((statementTimeoutMs * 4) / 3);
  const sequelize = new Sequelize(options.url, {
    dialect: 'postgres',
    dialectModule: { ...pg, types: pg.types, Client: QuietClient },
    models,
    repositoryMode: true,
    logging: false,
    pool: { max: options.poolSize ?? 10, acquire: 10_000 },
    dialectOptions: {
      application_name: APPLICATION_NAME,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      statement_timeout: statementTimeoutMs,
      // For when PostgreSQL cannot even say so: the network is gone, or the server is frozen.
      query_timeout: beyond,
      lock_timeout: options.lockTimeoutMs ?? 10_000,
      // For when this process cannot: it is frozen, and others wait for what it has locked.
      idle_in_transaction_session_timeout: beyond,
    },
  });
  if (options.lookupsOnly) {
    sequelize.addHook('afterConnect', async (connection) => {
      await (connection as pg.Client).query(
        // A bitmap is made of all that matches; a page needs the first few, in order.
        'SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off',
      );
    });
  }
  return sequelize;
}

/** The wire of a client: writes without ceremony. */
const connectionOf = (client: pg.Client) =>
  (client as unknown as { connection: { stream: Socket; flush(): void } }).connection;

async function ask(
  client: pg.Client,
  { name, text }: Statement,
  values: readonly unknown[],
  types = rowTypes,
): Promise<Row[]> {
  gather(connectionOf(client).stream);
  const result = await client.query({ name, text, values: values as unknown[], types });
  return result.rows;
}

function openSqlite({ url }: DatabaseOptions): Sequelize {
  const storage = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  mkdirSync(dirname(storage), { recursive: true });
  return new Sequelize({ dialect: 'sqlite', storage, models, repositoryMode: true, logging: false });
}

async function sqliteConnection(sequelize: Sequelize, uuid: string): Promise<sqlite3.Database> {
  const connections = sequelize.connectionManager as unknown as { connections: Record<string, sqlite3.Database> };
  const open = connections.connections[uuid];
  if (open) return open;

  const connection = (await sequelize.connectionManager.getConnection({ uuid } as never)) as sqlite3.Database;
  connection.configure('busyTimeout', BUSY_TIMEOUT_MS);
  // One after the other, in the order in which they are given.
  connection.serialize();
  return connection;
}

/**
 * Gives an SQLite file a write-ahead log, which it keeps: readers go on beside the writer. Only the writer may ask for
 * it: SQLite refuses at once, whatever the busy timeout, when somebody else is writing to a file that has none.
 *
 * @throws the driver's error, SQLITE_BUSY when somebody else writes for longer than the busy timeout
 */
async function logWritesAhead(connection: sqlite3.Database): Promise<void> {
  // A power cut must not take back what was acknowledged.
  await run(connection, 'PRAGMA synchronous = FULL', []);
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      await run(connection, 'PRAGMA journal_mode = WAL', []);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await pause(ASK_AGAIN_MS);
  }
}

function run(connection: sqlite3.Database, text: string, values: object): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    connection.all<Row>(text, values, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

async function untilNoDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= DEADLOCK_RETRIES || !isDeadlock(error)) throw error;
    }
  }
}

/** Failures that vanish when the transaction runs again: deadlock, serialization failure, a busy SQLite file. */
function isDeadlock(error: unknown): boolean {
  return kindOf(error) === 'deadlock' || isBusy(error);
}

const isBusy = (error: unknown) => (error as { code?: string }).code === 'SQLITE_BUSY';
