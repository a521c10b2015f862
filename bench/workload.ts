import { QueryTypes } from 'sequelize';
import type { Database } from '../src/database.js';
import type { Unit } from '../src/operations/unit.js';
import { USERS } from './servers.js';

const XP = 5;

/** The work that everyone is measured by: 5 XP for one of the users, once per key, with a stored result. */
export function unitNumber(number: number): Unit {
  return {
    bot: 'bench_bot',
    key: `unit-${number}`,
    at: Date.now(),
    operations: [{ name: 'addXp', telegramId: 1 + (number % USERS), xp: XP }],
  };
}

/**
 * Checks that exactly `count` units were applied.
 *
 * @throws Error when the sum of XP or the number of ledger rows is another
 */
export async function checkState({ sequelize }: Database, count: number): Promise<void> {
  const [row] = await sequelize.query<{ xp: number; keys: number }>(
    `SELECT (SELECT sum(total_xp) FROM users)::bigint AS xp, (SELECT count(*) FROM idempotency_keys) AS keys`,
    { type: QueryTypes.SELECT },
  );
  if (row?.xp !== count * XP || row.keys !== count) {
    throw new Error(`expected ${count * XP} XP under ${count} keys, found ${row?.xp} under ${row?.keys}`);
  }
}
