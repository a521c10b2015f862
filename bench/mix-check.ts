import { mixUnit, originalOf } from './mix.js';
import type { BenchDatabase } from './servers.js';

/** What the mix must have made of a user. */
interface Expected {
  xp: number;
  trainings: number;
  score: number;
  badges: Set<unknown>;
  /** The unit that saved the session last. */
  session: number | null;
}

const STATE = `
  SELECT u.telegram_id, u.total_xp AS xp, u.total_trainings AS trainings, u.total_score AS score,
         (SELECT count(*) FROM user_badges AS b WHERE b.user_id = u.id) AS badges,
         (SELECT (s.session_data ->> 'unit')::int FROM bot_sessions AS s WHERE s.user_id = u.id) AS session
    FROM users AS u`;

/**
 * Checks that the units before `count` were applied once each: XP, trainings, score, badges and the latest session of
 * every user, and the number of ledger rows.
 *
 * @throws Error naming the first user that is not as expected
 */
export async function checkMix(database: BenchDatabase, count: number): Promise<void> {
  const { users, keys } = expect(count);
  const seen = new Set<number>();
  for (const row of await database.sql(STATE)) {
    seen.add(Number(row['telegram_id']));
    const wanted = users.get(Number(row['telegram_id'])) ?? newUser();
    const found = { ...row, session: row['session'] ?? null } as Record<string, unknown>;
    for (const [name, value] of Object.entries({ ...wanted, badges: wanted.badges.size })) {
      const is = found[name] === null ? null : Number(found[name]);
      if (is !== value) throw new Error(`user ${row['telegram_id']}: expected ${name} ${value}, found ${is}`);
    }
  }
  const missing = [...users.keys()].find((telegramId) => !seen.has(telegramId));
  if (missing !== undefined) throw new Error(`user ${missing} is missing`);
  const [ledger] = await database.sql('SELECT count(*) AS keys FROM idempotency_keys');
  if (Number(ledger?.['keys']) !== keys) throw new Error(`expected ${keys} keys, found ${ledger?.['keys']}`);
}

function expect(count: number): { users: Map<number, Expected>; keys: number } {
  const users = new Map<number, Expected>();
  const applied = new Set<number>();
  for (let number = 0; number < count; number++) {
    const original = originalOf(number);
    if (applied.has(original)) continue;
    applied.add(original);
    for (const operation of mixUnit(original).operations) {
      const telegramId = Number(operation.telegramId);
      const user = users.get(telegramId) ?? newUser();
      users.set(telegramId, user);
      user.xp += Number(operation['xp'] ?? 0);
      user.score += Number(operation['score'] ?? 0);
      if (operation.name === 'incrementTrainings') user.trainings += 1;
      if (operation.name === 'awardBadge') user.badges.add(operation['badgeType']);
      // Later numbers have later times.
      if (operation.name === 'saveSession') user.session = Math.max(user.session ?? 0, original);
    }
  }
  return { users, keys: applied.size };
}

const newUser = (): Expected => ({ xp: 0, trainings: 0, score: 0, badges: new Set(), session: null });
