import type { Unit } from '../src/operations/unit.js';
import type { BenchDatabase } from './servers.js';

/** The bot in whose name the bench writes. */
export const BOT = 'bench_bot';

/** Users that every run finds in its database; units add XP to one of them. */
export const USERS = 1_000;

/** What each unit adds. */
export const XP = 5;

/** What the keys of measured units begin with. */
export const KEY_PREFIX = 'unit-';

/** Unit numbers, from the first up to but not including the last. */
export interface Range {
  from: number;
  to: number;
}

export const keyOf = (number: number): string => `${KEY_PREFIX}${number}`;

/** The user whom the unit with this number is about. */
export const userOf = (number: number): number => 1 + (number % USERS);

/** The work that everyone is measured by: 5 XP for one of the users, once per key, with a stored result. */
export function unitNumber(number: number): Unit {
  return {
    bot: BOT,
    key: keyOf(number),
    at: Date.now(),
    operations: [{ name: 'addXp', telegramId: userOf(number), xp: XP }],
  };
}

/** What a ledger row of the contenders without outcomes of their own holds: less than botledger stores. */
export const CONSTANT_OUTCOMES = JSON.stringify([{ xp: XP }]);

/**
 * Checks that exactly `count` units were applied.
 *
 * @param before what was there before: the sum of XP, and ledger rows
 * @throws Error when the sum of XP or the number of ledger rows is another
 */
export async function checkState(database: BenchDatabase, count: number, before = { xp: 0, keys: 0 }): Promise<void> {
  const { xp, keys } = await readState(database);
  const due = { xp: before.xp + count * XP, keys: before.keys + count };
  if (xp !== due.xp || keys !== due.keys) {
    throw new Error(`expected ${due.xp} XP under ${due.keys} keys, found ${xp} under ${keys}`);
  }
}

/** The sum of all users' XP, and the number of ledger rows. */
export async function readState(database: BenchDatabase): Promise<{ xp: number; keys: number }> {
  const [row] = await database.sql(
    'SELECT (SELECT sum(total_xp) FROM users) AS xp, (SELECT count(*) FROM idempotency_keys) AS keys',
  );
  return { xp: Number(row?.['xp']), keys: Number(row?.['keys']) };
}
