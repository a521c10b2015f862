import fc from 'fast-check';
import type { Operation } from '../../src/operations/operation.js';
import { findOperation } from '../../src/operations/registry.js';
import type { Unit, WireOperation } from '../../src/operations/unit.js';

// Few users, bots, keys and moments, so that operations meet: the same user twice in a batch, a key sent again.
const telegramId = fc.integer({ min: 1, max: 4 });
const json = fc.dictionary(fc.constantFrom('a', 'b', 'Ж'), fc.oneof(fc.integer(), fc.string({ maxLength: 4 })), {
  maxKeys: 2,
});
const text = fc.constantFrom('ann', 'bob', "o'neil", 'Юля {"x":1}', '\\back,slash"');

const operations: Record<string, fc.Arbitrary<object>> = {
  touchUser: fc.record({ username: text, firstName: text, lastName: fc.constant(null) }, { requiredKeys: [] }),
  saveSession: fc.oneof(
    fc.record({ session: json }),
    fc.record({ stats: json }),
    fc.record({ session: json, stats: json }),
  ),
  resetSession: fc.record({ session: json, keepStats: fc.boolean() }, { requiredKeys: [] }),
  addXp: fc.record(
    {
      xp: fc.integer({ min: -200, max: 400 }),
      levels: fc.constant([
        { level: 1, minXp: 0 },
        { level: 7, minXp: 300 },
      ]),
    },
    { requiredKeys: ['xp'] },
  ),
  setLevel: fc.record({ level: fc.integer({ min: 1, max: 9 }) }),
  addScore: fc.record({ score: fc.integer({ min: -50, max: 200 }) }),
  incrementTrainings: fc.record({ by: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
  awardBadge: fc.record(
    { badgeType: fc.constantFrom('spin_master', 'guru'), metadata: json },
    { requiredKeys: ['badgeType'] },
  ),
  createSubscription: fc.oneof(
    fc.record(
      { type: fc.constantFrom('MONTH', 'YEAR'), durationDays: fc.integer({ min: 1, max: 5 }), autoRenew: fc.boolean() },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('CREDITS'), credits: fc.integer({ min: 1, max: 3 }) }),
  ),
  addFreeTrainings: fc.record(
    {
      count: fc.integer({ min: 1, max: 3 }),
      source: fc.constantFrom('CHANNEL', 'PROMOCODE', 'ADMIN'),
      once: fc.boolean(),
    },
    { requiredKeys: ['count', 'source'] },
  ),
  consumeAccess: fc.constant({}),
  revokeBadge: fc.record({ badgeType: fc.constantFrom('spin_master', 'guru') }),
  saveTrainingHistory: fc.record(
    {
      totalScore: fc.integer({ min: 0, max: 200 }),
      clarityLevel: fc.constant(92),
      questionCount: fc.constant(8),
      contextualQuestions: fc.constant(3),
      caseData: json,
      trainingDate: fc.constant('2025-01-15T10:30:00+03:00'),
    },
    { requiredKeys: ['totalScore', 'clarityLevel', 'questionCount', 'contextualQuestions'] },
  ),
  completeTraining: fc.record({ score: fc.integer({ min: 0, max: 200 }) }),
  cancelSubscription: fc.record(
    { type: fc.constantFrom('MONTH', 'YEAR', 'CREDITS'), immediately: fc.boolean() },
    { requiredKeys: [] },
  ),
  recordPayment: fc.record(
    {
      provider: fc.constant('yookassa'),
      paymentId: fc.constantFrom('p1', 'p2', 'p3'),
      amount: fc.constantFrom('990', '0.5', '12345678.90'),
      // Now and then in another currency than before: refused, with its whole unit.
      currency: fc.constantFrom('RUB', 'RUB', 'RUB', 'RUB', 'RUB', 'USD'),
      status: fc.constantFrom('PENDING', 'COMPLETED', 'FAILED', 'REFUNDED'),
      tariff: fc.constantFrom('month', 'year', 'credits_3', 'unheard-of'),
      paidUntil: fc.constantFrom('2026-01-10T00:00:00Z', '2026-02-10T09:30:00Z'),
    },
    { requiredKeys: ['provider', 'paymentId', 'amount', 'currency', 'status', 'tariff'] },
  ),
  createPromocode: fc.record(
    {
      code: fc.constantFrom('new', ' NEW', 'old', 'Елка'),
      type: fc.constantFrom('TRAININGS', 'FREE_MONTH', 'CREDITS'),
      value: fc.integer({ min: 1, max: 3 }),
      maxUses: fc.integer({ min: 1, max: 2 }),
      expiresAt: fc.constantFrom('2026-01-20T00:00:00Z', '2026-03-01T00:00:00Z'),
    },
    { requiredKeys: ['code', 'type', 'value'] },
  ),
  redeemPromocode: fc.record({ code: fc.constantFrom('NEW', 'old', 'елка', 'none') }),
  deleteUser: fc.constant({}),
};

/** The operations that `operation` makes, to check that none is forgotten. */
export const arbitraryNames = Object.keys(operations);

/** Any operation of these; `telegramId` is left out where no user is named. */
const operationOf = (names: string[]): fc.Arbitrary<WireOperation> =>
  fc
    .constantFrom(...names)
    .chain((name) => fc.record({ payload: operations[name] as fc.Arbitrary<object>, telegramId }).map(wire(name)));

const wire =
  (name: string) =>
  ({ payload, ...user }: { payload: object; telegramId: number }): WireOperation => ({
    name,
    ...(findOperation(name)?.subject === 'user' ? user : {}),
    ...payload,
  });

const alone = arbitraryNames.filter((name) => (findOperation(name) as Operation | undefined)?.alone);
const others = arbitraryNames.filter((name) => !alone.includes(name));

const arbitraryOperations = fc.oneof(
  { weight: 20, arbitrary: fc.array(operationOf(others), { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.tuple(operationOf(alone)) },
);

const firstMoment = Date.UTC(2026, 0, 15);
const DAY_MS = 86_400_000;

/** Any unit: any operations, on few users, from two bots, some under a key that another one has. */
export const arbitraryUnit: fc.Arbitrary<Unit> = fc.record({
  bot: fc.constantFrom('spin_bot', 'quiz_bot'),
  key: fc.integer({ min: 1, max: 60 }).map((number) => `key-${number}`),
  at: fc.integer({ min: 0, max: 12 }).map((days) => firstMoment + days * DAY_MS),
  operations: arbitraryOperations,
});
