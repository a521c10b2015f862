import { BOT, CONSTANT_OUTCOMES } from '../workload.js';

/** Moves a user up by some XP, in SQL. */
const gain = (xp: string) => `
  total_xp = u.total_xp + ${xp},
  level = GREATEST(u.level, LEAST((u.total_xp + ${xp}) / 100 + 1, 100)),
  last_activity = now()`;

const ledgerColumns = 'idempotency_keys (bot_name, key, content_hash, outcomes, created_at)';
const ledgerRow = (key: string) => `'${BOT}', ${key}, '-', '${CONSTANT_OUTCOMES}'::json, now()`;

/** One unit in one statement: $1 the key, $2 the user, $3 the XP. */
export const ONE_UNIT = `
  WITH fresh AS (
    INSERT INTO ${ledgerColumns} SELECT ${ledgerRow('$1')} ON CONFLICT DO NOTHING RETURNING key
  )
  UPDATE users AS u SET ${gain('$3::bigint')}
   WHERE u.telegram_id = $2 AND EXISTS (SELECT FROM fresh)
  RETURNING u.total_xp, u.level`;

/**
 * Many units in one statement: $1 keys, $2 users, $3 XP. Users are locked in one order, so that batches that overlap do
 * not deadlock.
 */
export const MANY_UNITS = `
  WITH units AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS units (key, telegram_id, xp)
  ), fresh AS (
    INSERT INTO ${ledgerColumns} SELECT ${ledgerRow('key')} FROM units ON CONFLICT DO NOTHING RETURNING key
  ), gains AS (
    SELECT telegram_id, sum(xp)::bigint AS xp FROM units JOIN fresh USING (key) GROUP BY telegram_id
  ), locked AS (
    SELECT users.id, gains.xp FROM users JOIN gains USING (telegram_id) ORDER BY users.id FOR UPDATE OF users
  )
  UPDATE users AS u SET ${gain('locked.xp')} FROM locked WHERE u.id = locked.id`;

/** The ledger rows of many units: $1 keys. */
export const INSERT_LEDGER = `
  INSERT INTO ${ledgerColumns} SELECT ${ledgerRow('key')} FROM unnest($1::text[]) AS key ON CONFLICT DO NOTHING`;

/** The gains of many different users: $1 users, $2 XP. */
export const UPDATE_USERS = `
  UPDATE users AS u SET ${gain('v.xp')}
    FROM unnest($1::bigint[], $2::bigint[]) AS v (telegram_id, xp) WHERE u.telegram_id = v.telegram_id`;
