import { Redis } from 'ioredis';
import { Database } from '../src/database.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import { type Postgres, startPostgres } from '../test/helpers/postgres.js';
import { startRedis } from '../test/helpers/redis.js';
import { type CpuTimes, postgresCpuMs, redisCpuMs } from './cpu.js';
import { query, type Row } from './sql.js';
import { USERS } from './workload.js';

/** A database of its own, with the schema and {@link USERS} users. */
export interface BenchDatabase {
  readonly url: string;
  /** Runs statements on a connection of their own, however long they take. */
  sql(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** The bench's own servers, set as in production: PostgreSQL durable, Redis with AOF every second. */
export interface Servers extends Closable {
  readonly redisUrl: string;
  readonly versions: { readonly redis: string; readonly postgres: string };
  createDatabase(): Promise<BenchDatabase>;
  /** A database of Redis of its own, with nothing in it: for those who stand by while others are measured. */
  createRedisDatabase(): string;
  /** Forgets all that Redis holds. */
  emptyRedis(): Promise<void>;
  /** CPU time that the servers have used so far. */
  cpu(): Promise<CpuTimes>;
}

export async function startServers(): Promise<Servers> {
  const redis = await startRedis();
  const postgres = await startPostgres({ durable: true });
  const client = new Redis(redis.url);
  const maintenance = postgres.url('postgres');
  const [about] = await query(
    maintenance,
    `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid, current_setting('server_version') AS version`,
  );
  await prepareTemplate(await postgres.createDatabase(TEMPLATE));

  let made = 0;
  let madeInRedis = 0;
  return {
    redisUrl: redis.url,
    versions: {
      redis: /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown',
      postgres: String(about?.['version']),
    },
    createDatabase: () => createDatabase(postgres, `bench_${++made}`),
    createRedisDatabase: () => `${redis.url}/${++madeInRedis}`,
    async emptyRedis() {
      await client.flushall();
    },
    async cpu() {
      return { redis: await redisCpuMs(client), postgres: postgresCpuMs(Number(about?.['pid'])) };
    },
    close: () => closeAll([redis, postgres, { close: async () => client.disconnect() }]),
  };
}

const TEMPLATE = 'bench_template';

async function createDatabase(postgres: Postgres, name: string): Promise<BenchDatabase> {
  const url = await postgres.createDatabase(name, TEMPLATE);
  return {
    url,
    sql: (text, values) => query(url, text, values),
    drop: () => postgres.dropDatabase(name),
  };
}

async function prepareTemplate(url: string): Promise<void> {
  const database = new Database({ url });
  await database.migrate();
  await database.close();
  await query(
    url,
    `INSERT INTO users (telegram_id, registration_date, last_activity)
       SELECT n, now() - interval '1 day', now() - interval '1 day' FROM generate_series(1, ${USERS}) AS n`,
  );
}
