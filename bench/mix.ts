import type { Unit, WireOperation } from '../src/operations/unit.js';
import type { BenchDatabase } from './servers.js';
import { BOT, KEY_PREFIX } from './workload.js';

/** Users whom the mix is about. */
export const MIX_USERS = 10_000;

/** Every fifth unit is an earlier one again. */
const REPEAT_EVERY = 5;

/** How far back a repeated unit was first: some are in the same batch, most were committed before. */
const REPEAT_WITHIN = 5_000;

const BADGES = 20;
const SESSION_BYTES = 2_048;

// Long before the commit, so that no operation is moved to the time of its commit and the latest save is known.
const START = Date.now() - 86_400_000;

/** The numbers of a unit are as good as random, and the same in each process. */
function random(number: number, salt: number): number {
  let hash = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

const pick = (number: number, salt: number, count: number) => Math.floor(random(number, salt) * count);

/** The unit that a number stands for: itself, or the earlier one that it repeats. */
export function originalOf(number: number): number {
  if (number % REPEAT_EVERY !== REPEAT_EVERY - 1) return number;
  const back = 1 + pick(number, 1, Math.min(number, REPEAT_WITHIN));
  const earlier = number - back;
  return earlier % REPEAT_EVERY === REPEAT_EVERY - 1 ? earlier - 1 : earlier;
}

/** A unit of 1 to 4 operations as a training bot sends them: sessions of 2 KB, XP, badges, trainings. */
export function mixUnit(number: number): Unit {
  const original = originalOf(number);
  return { bot: BOT, key: `${KEY_PREFIX}${original}`, at: START + original, operations: operationsOf(original) };
}

const kinds: ((telegramId: number, number: number) => WireOperation[])[] = [
  (telegramId, number) => [{ name: 'saveSession', telegramId, session: session(number) }],
  (telegramId, number) => [{ name: 'addXp', telegramId, xp: 5 + pick(number, 3, 100) }],
  (telegramId, number) => [{ name: 'awardBadge', telegramId, badgeType: `badge_${pick(number, 4, BADGES)}` }],
  (telegramId, number) => [
    { name: 'incrementTrainings', telegramId },
    { name: 'addScore', telegramId, score: pick(number, 5, 200) },
  ],
];

const MOST_OPERATIONS = 4;

function operationsOf(number: number): WireOperation[] {
  const telegramId = 1 + pick(number, 2, MIX_USERS);
  const first = pick(number, 6, kinds.length);
  const count = 1 + pick(number, 7, MOST_OPERATIONS);
  // Neighbouring kinds, so that none comes twice in a unit.
  const operations = kinds.flatMap((_, index) => kinds[(first + index) % kinds.length]?.(telegramId, number) ?? []);
  return operations.slice(0, count);
}

const FILLING = 'The client says that the price is too high. '.repeat(SESSION_BYTES / 44);

function session(number: number): Record<string, unknown> {
  return { unit: number, step: 'questions', asked: pick(number, 8, 30), case: FILLING };
}

/** Adds the users beyond those that every database has, so that what is measured is a bot in full swing. */
export async function addMixUsers(database: BenchDatabase): Promise<void> {
  await database.sql(
    `INSERT INTO users (telegram_id, registration_date, last_activity)
       SELECT n, now() - interval '2 days', now() - interval '2 days' FROM generate_series(1, ${MIX_USERS}) AS n
       ON CONFLICT DO NOTHING`,
  );
}
