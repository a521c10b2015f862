import { Redis } from 'ioredis';
import { Database } from '../src/database.js';
import { closeAll } from '../src/lifecycle.js';
import { startPostgres } from '../test/helpers/postgres.js';
import { startRedis } from '../test/helpers/redis.js';

/** Users that every run finds in its database; jobs add XP to one of them. */
export const USERS = 1_000;

/** The machine's own servers, with the settings of a production: PostgreSQL durable, Redis with AOF every second. */
export interface Servers {
  redisUrl: string;
  /** A new database with the schema and {@link USERS} users, and an empty Redis. */
  freshDatabase(): Promise<Database & { url: string }>;
  close(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const redis = await startRedis();
  const postgres = await startPostgres({ durable: true });
  const template = 'bench_template';
  const templateUrl = await postgres.createDatabase(template);
  await prepareTemplate(templateUrl);

  let made = 0;
  let last: { name: string; database: Database } | undefined;
  const drop = async () => {
    if (!last) return;
    await last.database.close();
    await postgres.dropDatabase(last.name);
    last = undefined;
  };
  return {
    redisUrl: redis.url,
    async freshDatabase() {
      await drop();
      const client = new Redis(redis.url);
      await client.flushall();
      await client.quit();
      const name = `bench_${++made}`;
      const url = await postgres.createDatabase(name, template);
      const database = new Database({ url });
      last = { name, database };
      return Object.assign(database, { url });
    },
    async close() {
      await drop();
      await closeAll([redis, postgres]);
    },
  };
}

async function prepareTemplate(url: string): Promise<void> {
  const database = new Database({ url });
  await database.migrate();
  await database.sequelize.query(
    `INSERT INTO users (telegram_id, registration_date, last_activity)
       SELECT n, now() - interval '1 day', now() - interval '1 day' FROM generate_series(1, ${USERS}) AS n`,
  );
  await database.close();
}
