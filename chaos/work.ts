import type { WireOperation } from '../src/operations/unit.js';
import { type Random, randomOf } from './random.js';

/** The bots that send. */
export const bots = ['spin_bot', 'quiz_bot'] as const;

/** Both bots write for these users. */
export const USERS = 200;

/** Codes that both bots create and redeem. Fewer uses than users who want them. */
export const promocodes = Array.from({ length: 8 }, (_, index) => ({
  code: `CHAOS${index}`,
  type: index % 2 === 0 ? ('TRAININGS' as const) : ('CREDITS' as const),
  value: 2 + index,
  maxUses: 20 + 10 * index,
}));

/** Users of one bot alone who are deleted after a while: one per so many units. A deletion goes through all of Redis. */
const LIFE = 1_000;

/** What the unit of this number does, of this bot in the run of this seed; always the same. */
export function operationsOf(seed: number, bot: (typeof bots)[number], number: number): WireOperation[] {
  const code = promocodes[number - 1];
  if (code) return [{ name: 'createPromocode', ...code }];
  const random = randomOf(seed, bot, number);
  const doomed = 1_000_000 * (bots.indexOf(bot) + 1) + Math.floor(number / LIFE);
  if (number % LIFE === LIFE / 2) return [{ name: 'deleteUser', telegramId: doomed }];
  if (number % LIFE < LIFE / 2 && number % 20 === 9) return [forDoomed(random, doomed, number)];
  const telegramId = random.whole(1, USERS);
  const count = random.chance(0.15) ? random.whole(2, 5) : 1;
  const operations = Array.from({ length: count }, () => operationOf(random, telegramId, number));
  // A unit with two users locks both.
  if (random.chance(0.05)) operations.push({ name: 'addXp', telegramId: random.whole(1, USERS), xp: 1 });
  return operations;
}

/** Whether this bot sends the unit of this number twice, or asks for its outcomes. */
export function habitsOf(seed: number, bot: string, number: number) {
  const random = randomOf(seed, bot, number, 'habits');
  return {
    repeatAfterMs: random.chance(0.2) ? random.whole(0, 3_000) : undefined,
    awaits: random.chance(0.1),
    forges: random.chance(0.03),
  };
}

/** What is sent under the key of another unit. If it were ever applied, the sums would show it. */
export const forgery = (telegramId: number): WireOperation[] => [{ name: 'addXp', telegramId, xp: 1_000_000 }];

/** Whether somebody may have deleted this user. */
export const isDoomed = (telegramId: number) => telegramId > USERS;

function operationOf(random: Random, telegramId: number, number: number): WireOperation {
  const weight = random.next();
  const to = (name: string, payload: object = {}): WireOperation => ({ name, telegramId, ...payload });
  if (weight < 0.25) return to('addXp', { xp: random.whole(1, 40) });
  if (weight < 0.35) return to('completeTraining', { score: random.whole(1, 200) });
  if (weight < 0.55) return to('saveSession', { session: { step: number, text: 'x'.repeat(random.whole(0, 300)) } });
  if (weight < 0.65) return to('awardBadge', { badgeType: `badge-${random.whole(1, 12)}` });
  if (weight < 0.7) return to('addFreeTrainings', { count: random.whole(1, 3), source: random.pick(SOURCES) });
  if (weight < 0.75) return to('createSubscription', { type: 'CREDITS', credits: random.whole(1, 4) });
  if (weight < 0.88) return to('consumeAccess');
  if (weight < 0.93) return to('redeemPromocode', { code: random.pick(promocodes).code });
  return paymentOf(random, number);
}

const SOURCES = ['CHANNEL', 'ADMIN'] as const;

/** Providers repeat themselves, to both bots: a payment is the same whoever records it. */
function paymentOf(random: Random, number: number): WireOperation {
  const payment = Math.floor(number / 100) * 10 + random.whole(0, 9);
  const telegramId = 1 + (payment % USERS);
  // Who has a subscription that runs uses up nothing, so that is for few.
  const tariff = telegramId % 10 === 0 ? 'month' : 'credits_2';
  const rest = { provider: 'yookassa', amount: '199.00', status: 'COMPLETED', tariff };
  return { name: 'recordPayment', telegramId, paymentId: `payment-${payment}`, ...rest };
}

function forDoomed(random: Random, telegramId: number, number: number): WireOperation {
  return random.chance(0.5)
    ? { name: 'addXp', telegramId, xp: 5 }
    : { name: 'saveSession', telegramId, session: { step: number } };
}
