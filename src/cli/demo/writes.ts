import type { BotLedger } from '../../index.js';

/** The counters of all users of the burst together. */
export interface Sums {
  xp: number;
  score: number;
  trainings: number;
}

/** Users of the burst have these Telegram ids: more than 32 bits hold. */
const FIRST_USER = 9_000_000_001;

const USERS = 100;

/** The users that the burst writes to. */
export const burstUsers = Array.from({ length: USERS }, (_, index) => FIRST_USER + index);

// Every user gets every kind of write, from both bots.
const user = (number: number) => FIRST_USER + ((number * 7 + Math.floor(number / USERS)) % USERS);
const xpOf = (number: number) => 1 + (number ** 2 % 97);
const scoreOf = (number: number) => 100 + (number % 100);

/** Sends the burst's write of a number. Of ten, four add XP, two a score, two count a training, one saves a session, one awards a badge. */
export function sendWrite(bot: BotLedger, number: number, key: string): Promise<unknown> {
  const id = user(number);
  switch (kindOf(number)) {
    case 'xp':
      return bot.addXp(id, { xp: xpOf(number) }, { key });
    case 'score':
      return bot.addScore(id, { score: scoreOf(number) }, { key });
    case 'training':
      return bot.incrementTrainings(id, {}, { key });
    case 'session':
      return bot.saveSession(id, { session: { question_count: number, chat_state: 'in_progress' } }, { key });
    case 'badge':
      return bot.awardBadge(id, { badgeType: `burst_${number % 7}` }, { key });
  }
}

const KINDS = ['xp', 'score', 'xp', 'training', 'xp', 'session', 'xp', 'score', 'badge', 'training'] as const;

const kindOf = (number: number) => KINDS[Math.floor(number / 2) % KINDS.length] as (typeof KINDS)[number];

/** What the first so many writes add up to. */
export function expectedSums(writes: number): Sums {
  const expected = { xp: 0, score: 0, trainings: 0 };
  for (let number = 0; number < writes; number++) {
    const kind = kindOf(number);
    if (kind === 'xp') expected.xp += xpOf(number);
    if (kind === 'score') expected.score += scoreOf(number);
    if (kind === 'training') expected.trainings += 1;
  }
  return expected;
}
