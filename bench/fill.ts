import { Database } from '../src/database.js';
import { refreshRanks } from '../src/schedule/refresh-ranks.js';
import type { BenchDatabase } from './servers.js';
import { BOT, USERS } from './workload.js';

/** XP as it spreads in life: many beginners, few masters, and many ties. */
const randomXp = '(-3000 * ln(1 - random()))::bigint';

/** Gives the database so many users, numbered from 1, who joined one after the other and have some XP. */
export async function fillUsers(database: BenchDatabase, count: number): Promise<void> {
  await database.sql(
    `INSERT INTO users (telegram_id, username, first_name, registration_date, last_activity, total_xp, level)
       SELECT n, 'user_' || n, 'First ' || n, ${joined('n')}, now(), xp, ${levelOf('xp')}
         FROM (SELECT n, ${randomXp} AS xp FROM generate_series(${USERS + 1}, ${count}) AS n) AS v`,
  );
  await database.sql(
    `UPDATE users SET total_xp = v.xp, level = ${levelOf('v.xp')}, registration_date = ${joined('telegram_id')}
       FROM (SELECT id, ${randomXp} AS xp FROM users WHERE telegram_id <= ${USERS}) AS v WHERE users.id = v.id`,
  );
  await database.sql('VACUUM ANALYZE users');
  // As the schedule worker does: nobody booked these users into the leaderboard.
  const ranks = new Database({ url: database.url, statementTimeoutMs: 600_000 });
  await refreshRanks({ database: ranks });
  await ranks.close();
}

const joined = (number: string) => `now() - interval '400 days' + ${number} * interval '1 second'`;
const levelOf = (xp: string) => `LEAST(${xp} / 100 + 1, 100)`;

/** Gives every user a session of 2 KB. */
export async function fillSessions(database: BenchDatabase): Promise<void> {
  await database.sql(
    `INSERT INTO bot_sessions
       (user_id, bot_name, session_data, stats_data, session_at, stats_at, created_at, updated_at)
       SELECT id, '${BOT}', json_build_object('step', 'questions', 'case', repeat('The price is too high. ', 85)),
              '{"total_trainings": 3, "best_score": 185}', now(), now(), now(), now()
         FROM users`,
  );
  await database.sql('VACUUM ANALYZE bot_sessions');
}

/** Rows for the ledger, written evenly over some days. */
export interface LedgerRows {
  count: number;
  /** How many days ago the first and the last was written. */
  days: [first: number, last: number];
}

/** Fills the ledger with rows like those of ten bots: most keys made from update ids, some of them ULIDs. */
export async function fillLedger(database: BenchDatabase, { count, days: [first, last] }: LedgerRows): Promise<void> {
  const ulid = `'01J' || lpad(upper(to_hex(n)), 9, '0') || substr(upper(md5(n::text)), 1, 14)`;
  const update = 700_000_000 + first * 10_000_000;
  await database.sql(
    `INSERT INTO idempotency_keys (bot_name, key, content_hash, outcomes, created_at)
       SELECT 'bot_' || n % 10, CASE WHEN n % 5 = 0 THEN ${ulid} ELSE 'upd-' || n END,
              substr(md5(n::text), 1, 22), '[{"leveledUp":false,"oldLevel":7,"newLevel":7,"totalXp":685}]',
              now() - interval '1 day' * (${first} - ${first - last} * (n - ${update}) / ${count}.0)
         FROM generate_series(${update + 1}, ${update + count}) AS n`,
  );
}
