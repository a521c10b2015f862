import type { Database } from '../src/database.js';
import { addDays } from '../src/domain/time.js';
import { BotSession, FreeTraining, IdempotencyKey, Subscription, User, UserBadge } from '../src/models/index.js';

/** Rows for tests, in the database directly; what is not given is something plausible. */

export const NOON = new Date('2025-01-15T12:00:00.000Z');

type Given<M> = Partial<M>;

let lastTelegramId = 1_000;

export function insertUser(database: Database, given: Given<User> = {}): Promise<User> {
  const row = { telegramId: ++lastTelegramId, registrationDate: NOON, lastActivity: NOON, ...plain(given) };
  return database.sequelize.getRepository(User).create(row);
}

export function insertBadge(database: Database, user: User, given: Given<UserBadge> = {}): Promise<UserBadge> {
  const row = { userId: user.id, badgeType: 'spin_master', earnedInBot: 'spin_bot', earnedAt: NOON, ...plain(given) };
  return database.sequelize.getRepository(UserBadge).create(row);
}

export function insertSession(database: Database, user: User, given: Given<BotSession> = {}): Promise<BotSession> {
  const times = { sessionAt: NOON, statsAt: NOON, createdAt: NOON, updatedAt: NOON };
  const row = { userId: user.id, botName: 'spin_bot', ...times, ...plain(given) };
  return database.sequelize.getRepository(BotSession).create(row);
}

/** A MONTH that runs from noon, or CREDITS when `creditsLeft` is given. */
export function insertSubscription(
  database: Database,
  user: User,
  given: Given<Subscription> = {},
): Promise<Subscription> {
  const credits = given.creditsLeft ?? undefined;
  const kind =
    credits === undefined
      ? { subscriptionType: 'MONTH' as const, endDate: addDays(NOON, 30) }
      : { subscriptionType: 'CREDITS' as const, endDate: null, creditsTotal: Math.max(credits, 1) };
  const row = { userId: user.id, startDate: NOON, isActive: true, autoRenew: false, ...kind, ...plain(given) };
  return database.sequelize.getRepository(Subscription).create(row);
}

export function insertFreeTraining(
  database: Database,
  user: User,
  given: Given<FreeTraining> = {},
): Promise<FreeTraining> {
  const row = { userId: user.id, source: 'CHANNEL' as const, trainingsLeft: 3, createdAt: NOON, ...plain(given) };
  return database.sequelize.getRepository(FreeTraining).create(row);
}

export function insertLedgerRow(database: Database, given: Given<IdempotencyKey> = {}): Promise<IdempotencyKey> {
  const row = { botName: 'spin_bot', key: 'upd-1', contentHash: 'x', outcomes: [], createdAt: NOON, ...plain(given) };
  return database.sequelize.getRepository(IdempotencyKey).create(row);
}

const plain = <M>(given: Given<M>) => given as object;
