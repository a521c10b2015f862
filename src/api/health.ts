import { setTimeout as pause } from 'node:timers/promises';
import { type Response, Router } from 'express';
import type { Redis } from 'ioredis';
import { QueryTypes } from 'sequelize';
import type { Database } from '../database.js';
import { isOutage } from './outage.js';
import { only } from './problem.js';

/** What must answer for this process to be of use. */
interface Backends {
  database: Database;
  redis: Redis;
}

const PATIENCE_MS = 1_000;

/** `/healthz`: this process runs. `/readyz`: so does what it needs. */
export function healthRouter(backends: Backends): Router {
  const router = Router();
  router
    .route('/healthz')
    .get((_req, res) => uncached(res).json({ status: 'ok' }))
    .all(only('GET', 'HEAD'));
  router
    .route('/readyz')
    .get(async (_req, res) => {
      const parts = await lookAt(backends);
      const ready = Object.values(parts).every((part) => part === 'ok');
      uncached(res)
        .status(ready ? 200 : 503)
        .set(ready ? {} : { 'Retry-After': '5' })
        .json({ status: ready ? 'ok' : 'not ready', ...parts });
    })
    .all(only('GET', 'HEAD'));
  return router;
}

/** Each part is `ok`, or says what is the matter with it. */
async function lookAt({ database, redis }: Backends) {
  const [missing, pong] = await Promise.allSettled([inTime(missingMigrations(database)), inTime(redis.ping())]);
  const answered = missing.status === 'fulfilled';
  return {
    database: answered ? 'ok' : 'away',
    migrations: answered ? describeMissing(missing.value) : 'unknown',
    redis: pong.status === 'fulfilled' ? 'ok' : 'away',
  };
}

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

function inTime<T>(work: Promise<T>): Promise<T> {
  const late = pause(PATIENCE_MS, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${PATIENCE_MS} ms`);
  });
  return Promise.race([work, late]);
}

const uncached = (res: Response) => res.set('Cache-Control', 'no-store');
