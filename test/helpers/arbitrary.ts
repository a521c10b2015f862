import fc from 'fast-check';
import type { Unit, WireOperation } from '../../src/operations/unit.js';

// Few users, bots, keys and moments, so that operations meet: the same user twice in a batch, a key sent again.
const telegramId = fc.integer({ min: 1, max: 4 });
const json = fc.dictionary(fc.constantFrom('a', 'b', 'Ж'), fc.oneof(fc.integer(), fc.string({ maxLength: 4 })), { maxKeys: 2 });
const text = fc.constantFrom('ann', 'bob', "o'neil", 'Юля {"x":1}', '\\back,slash"');

const operations: Record<string, fc.Arbitrary<object>> = {
  touchUser: fc.record({ username: text, firstName: text, lastName: fc.constant(null) }, { requiredKeys: [] }),
  saveSession: fc.oneof(fc.record({ session: json }), fc.record({ stats: json }), fc.record({ session: json, stats: json })),
  resetSession: fc.record({ session: json, keepStats: fc.boolean() }, { requiredKeys: [] }),
  addXp: fc.record(
    { xp: fc.integer({ min: -200, max: 400 }), levels: fc.constant([{ level: 1, minXp: 0 }, { level: 7, minXp: 300 }]) },
    { requiredKeys: ['xp'] },
  ),
  setLevel: fc.record({ level: fc.integer({ min: 1, max: 9 }) }),
  addScore: fc.record({ score: fc.integer({ min: -50, max: 200 }) }),
  incrementTrainings: fc.record({ by: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
  awardBadge: fc.record({ badgeType: fc.constantFrom('spin_master', 'guru'), metadata: json }, { requiredKeys: ['badgeType'] }),
  createSubscription: fc.oneof(
    fc.record(
      { type: fc.constantFrom('MONTH', 'YEAR'), durationDays: fc.integer({ min: 1, max: 5 }), autoRenew: fc.boolean() },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('CREDITS'), credits: fc.integer({ min: 1, max: 3 }) }),
  ),
  addFreeTrainings: fc.record(
    { count: fc.integer({ min: 1, max: 3 }), source: fc.constantFrom('CHANNEL', 'PROMOCODE', 'ADMIN'), once: fc.boolean() },
    { requiredKeys: ['count', 'source'] },
  ),
  consumeAccess: fc.constant({}),
};

/** The operations that `operation` makes, to check that none is forgotten. */
export const arbitraryNames = Object.keys(operations);

const operation: fc.Arbitrary<WireOperation> = fc
  .constantFrom(...Object.entries(operations))
  .chain(([name, payload]) => fc.record({ payload, telegramId }).map((made) => ({ name, telegramId: made.telegramId, ...made.payload })));

const firstMoment = Date.UTC(2026, 0, 15);
const DAY_MS = 86_400_000;

/** Any unit: any operations, on few users, from two bots, some under a key that another one has. */
export const arbitraryUnit: fc.Arbitrary<Unit> = fc.record({
  bot: fc.constantFrom('spin_bot', 'quiz_bot'),
  key: fc.integer({ min: 1, max: 60 }).map((number) => `key-${number}`),
  at: fc.integer({ min: 0, max: 12 }).map((days) => firstMoment + days * DAY_MS),
  operations: fc.array(operation, { minLength: 1, maxLength: 4 }),
});
