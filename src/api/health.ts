import { QueueKeys } from 'bullmq';
import type { Response } from 'express';
import { QueryTypes } from 'sequelize';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import { within } from '../deadline.js';
import { isOutage } from '../failures.js';
import { queueName, SCHEDULE_QUEUE, unitQueueNames } from '../queue.js';
import type { RedisClient } from '../redis.js';
import { liveness, readiness } from './answers.js';
import { Routes } from './route.js';

/** What must answer for this process to be of use. */
interface Backends {
  database: Database;
  redis: RedisClient;
  config: Pick<Config, 'queuePartitions'>;
  /** Whether the database must take writes. */
  writes?: boolean;
}

const PATIENCE_MS = 1_000;

/** `/healthz`: this process runs. `/readyz`: so does what it needs. */
export function healthRoutes(backends: Backends): Routes {
  const routes = new Routes('health', 'open');

  routes.add(
    {
      id: 'getHealth',
      method: 'get',
      path: '/healthz',
      summary: 'Whether this process runs',
      params: {},
      query: {},
      answers: { 200: { description: 'It runs', schema: liveness } },
    },
    (_req, res) => uncached(res).json({ status: 'ok' }),
  );

  routes.add(
    {
      id: 'getReadiness',
      method: 'get',
      path: '/readyz',
      summary: 'Whether the database, its schema and Redis are as this process needs them',
      params: {},
      query: {},
      answers: {
        200: { description: 'Everything is there', schema: readiness },
        503: {
          description: 'Something is missing',
          schema: readiness,
          headers: { 'Retry-After': 'Seconds after which to ask again' },
        },
      },
    },
    async (_req, res) => {
      const parts = await lookAt(backends);
      const ready = Object.values(parts).every((part) => part === 'ok');
      uncached(res)
        .status(ready ? 200 : 503)
        .set(ready ? {} : { 'Retry-After': '5' })
        .json({ status: ready ? 'ok' : 'not ready', ...parts });
    },
  );

  return routes;
}

/** Each part is `ok`, or says what is the matter with it. */
async function lookAt({ database, redis, config, writes = false }: Backends) {
  // Each queue is asked for, because the nodes of a Redis Cluster go one by one.
  const names = [...unitQueueNames(config.queuePartitions, redis), queueName(SCHEDULE_QUEUE, redis)];
  const queues = names.map((name) => redis.exists(new QueueKeys().toKey(name, 'meta')));
  const looked = writes ? database.tryWriting().then(() => missingMigrations(database)) : missingMigrations(database);
  const [missing, answers] = await Promise.allSettled([
    within(PATIENCE_MS, looked),
    within(PATIENCE_MS, Promise.all(queues)),
  ]);
  const answered = missing.status === 'fulfilled';
  return {
    database: answered ? 'ok' : 'away',
    migrations: answered ? describeMissing(missing.value) : 'unknown',
    redis: answers.status === 'fulfilled' ? 'ok' : 'away',
  };
}

/** Whether the database answers in time. */
export const answers = (database: Database): Promise<boolean> =>
  within(PATIENCE_MS, database.ping()).then(
    () => true,
    () => false,
  );

async function missingMigrations(database: Database): Promise<string[]> {
  const umzug = database.migrations();
  const all = await umzug.migrations(database.sequelize.getQueryInterface());
  const applied = await appliedMigrations(database);
  return all.map(({ name }) => name).filter((name) => !applied.has(name));
}

// Not umzug's own executed(): that creates its table where there is none, and a question must not write.
async function appliedMigrations({ sequelize }: Database): Promise<Set<string>> {
  try {
    const sql = 'SELECT name FROM "SequelizeMeta"';
    const rows = await sequelize.query<{ name: string }>(sql, { type: QueryTypes.SELECT });
    return new Set(rows.map(({ name }) => name));
  } catch (error) {
    if (isOutage(error)) throw error;
    return new Set();
  }
}

const describeMissing = (names: string[]) =>
  names.length === 0 ? 'ok' : `missing ${names.join(', ')}: run \`botledger migrate\``;

const uncached = (res: Response) => res.set('Cache-Control', 'no-store');
