import { APPLICATION_NAME, type Database } from '../database.js';
import type { Tables } from './tables.js';

// Other commit workers hold rows, too, but never for longer than a statement may take: for them one waits. What PostgreSQL
// shows to everybody about others is enough. https://www.postgresql.org/docs/current/monitoring-stats.html
const WRITES = `a.backend_xid IS NOT NULL AND a.application_name IS DISTINCT FROM '${APPLICATION_NAME}'`;

/**
 * Those of some users whose rows a stranger has locked, that is somebody who is none of our processes. A row names who
 * locks it alone; one that several share is not found here.
 *
 * @throws the driver's error
 */
export async function findHeldUsers(
  database: Database,
  { rows }: Tables,
  telegramIds: readonly number[],
): Promise<Set<number>> {
  if (database.dialect !== 'postgres') return new Set();
  const text =
    `SELECT u.telegram_id AS "telegramId" FROM ${rows.users.name} u JOIN pg_stat_activity a ON a.backend_xid = u.xmax ` +
    `WHERE u.telegram_id = ANY($1::bigint[]) AND ${WRITES}`;
  const held = await database.read({ text }, [[...new Set(telegramIds)]]);
  return new Set(held.map(({ telegramId }) => telegramId as number));
}

/**
 * Whether a stranger has a transaction open in this database that may hold rows.
 *
 * @throws the driver's error
 */
export async function strangersWrite(database: Database): Promise<boolean> {
  if (database.dialect !== 'postgres') return false;
  const text = `SELECT FROM pg_stat_activity a WHERE a.datname = current_database() AND ${WRITES} LIMIT 1`;
  return (await database.read({ text }, [])).length > 0;
}
