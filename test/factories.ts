import type { Database } from '../src/database.js';
import { addDays } from '../src/domain/time.js';
import {
  BotSession,
  FreeTraining,
  IdempotencyKey,
  OutboxEvent,
  Payment,
  Promocode,
  Subscription,
  TrainingHistory,
  User,
  UserBadge,
} from '../src/models/index.js';

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

export function insertPayment(database: Database, user: User, given: Given<Payment> = {}): Promise<Payment> {
  const fact = { provider: 'yookassa', paymentId: `p-${++lastPayment}`, amount: '990.00', currency: 'RUB' };
  const state = { status: 'COMPLETED' as const, tariff: 'month', createdAt: NOON, updatedAt: NOON };
  const row = { userId: user.id, ...fact, ...state, ...plain(given) };
  return database.sequelize.getRepository(Payment).create(row);
}

let lastPayment = 0;

export function insertPromocode(database: Database, given: Given<Promocode> = {}): Promise<Promocode> {
  const row = { code: 'NEWYEAR2025', type: 'CREDITS' as const, value: 5, createdAt: NOON, ...plain(given) };
  return database.sequelize.getRepository(Promocode).create(row);
}

export function insertTraining(
  database: Database,
  user: User,
  given: Given<TrainingHistory> = {},
): Promise<TrainingHistory> {
  const scores = { totalScore: 185, clarityLevel: 92, questionCount: 8, contextualQuestions: 3 };
  const row = { userId: user.id, telegramId: user.telegramId, trainingDate: NOON, ...scores, ...plain(given) };
  return database.sequelize.getRepository(TrainingHistory).create(row);
}

export function insertEvent(database: Database, user: User, given: Given<OutboxEvent> = {}): Promise<OutboxEvent> {
  const fact = { botName: 'spin_bot', type: 'badge.awarded', payload: { badgeType: 'spin_master' } };
  const row = { userId: user.id, ...fact, createdAt: NOON, ...plain(given) };
  return database.sequelize.getRepository(OutboxEvent).create(row);
}

const plain = <M>(given: Given<M>) => given as object;
