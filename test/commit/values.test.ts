import { expect } from 'chai';
import fc from 'fast-check';
import { Committer } from '../../src/commit/committer.js';
import { FreeTraining, Subscription, User } from '../../src/models/index.js';
import { unitRunning } from '../helpers/fake-operations.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const MAX = Number.MAX_SAFE_INTEGER;

const awkward: Record<string, string> = {
  emoji: '👩‍👩‍👧‍👦 👍🏽',
  Cyrillic: 'Тренировка «СПИН», ё',
  quotes: `"double" 'single' \`back\` ''`,
  backslashes: '\\ \\\\ \\n \\u0000 \\" {"a":"\\"}"}',
  arrays: '{a,b,"c"} NULL {} ,',
  controls: '\u0001\u001f\u007f\t\r\n\u2028\u2029',
  parameters: '$1 ?1 :name %s $$',
};

/** What only JSON can hold, because it escapes it. */
const onlyInJson = { nul: 'a\u0000b', high: 'a\ud83d', low: '\udc4db', reversed: '\udc4d\ud83d' };

for (const variant of variants) {
  describe(`What is stored on ${variant.name} comes back exactly`, () => {
    const on = eachOn(variant);
    const commit = async (...units: Parameters<Committer['commit']>[0]) => {
      for (const result of await new Committer(on.database).commit(units)) {
        if (result.status === 'failed') throw result.error;
      }
    };

    it('awkward text in sessions, stats and metadata, in values and in names of fields', async () => {
      const text = { ...awkward, ...onlyInJson };
      const swapped = Object.fromEntries(Object.entries(text).map(([name, value]) => [value, name]));
      const numbers = [0, -0.5, 1e-7, 1.7976931348623157e308, MAX, -MAX, 0.1 + 0.2];
      const session = { text, swapped, numbers, nested: [[{}], [], null, true, { '': '' }] };
      await commit(
        unitOf({ name: 'saveSession', telegramId: 1, session, stats: swapped }),
        unitOf({ name: 'awardBadge', telegramId: 1, badgeType: 'guru', metadata: session }),
      );
      const [stored] = await on.sessions();
      expect(stored?.sessionData).to.deep.equal(session);
      expect(stored?.statsData).to.deep.equal(swapped);
      expect((await on.badges())[0]?.metadata).to.deep.equal(session);
    });

    it('any JSON at all, inserted and updated', async () => {
      const text = fc.string({ unit: 'binary' });
      const json = fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' })).filter((value) => !hasProto(value));
      await fc.assert(
        fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 5 }), async (sessions) => {
          for (const session of sessions) await commit(unitOf({ name: 'saveSession', telegramId: 1, session }));
          const [stored] = await on.sessions();
          expect(stored?.sessionData).to.deep.equal(JSON.parse(JSON.stringify(sessions.at(-1))));
        }),
        { numRuns: 40 },
      );
    });

    it('awkward text in names, badges and keys', async () => {
      const units = Object.values(awkward).map((value, index) =>
        unit({
          key: `"'\\{},$1?1:${index}`,
          operations: [
            { name: 'touchUser', telegramId: index, username: value, firstName: value, lastName: value },
            { name: 'awardBadge', telegramId: index, badgeType: value },
            { name: 'awardBadge', telegramId: index, badgeType: value },
          ],
        }),
      );
      await commit(...units);
      const texts = Object.values(awkward);
      expect((await on.users()).map(({ username, lastName }) => [username, lastName])).to.deep.equal(
        texts.map((t) => [t, t]),
      );
      expect((await on.badges()).map(({ badgeType }) => badgeType)).to.deep.equal(texts);
      expect(await on.ledger()).to.have.lengthOf(texts.length);
    });

    it('awkward badges are found again by a later batch', async () => {
      const award = (badgeType: string) => unitOf({ name: 'awardBadge', telegramId: 1, badgeType });
      await commit(...Object.values(awkward).map(award));
      await commit(...Object.values(awkward).map(award));
      expect(await on.badges()).to.have.lengthOf(Object.values(awkward).length);
    });

    it('the largest and the smallest Telegram ids', async () => {
      const ids = [-MAX, -1_001_234_567_890, -1, 0, 1, 2 ** 31, 2 ** 32, MAX - 1, MAX];
      await commit(...ids.map((telegramId) => unitOf({ name: 'addXp', telegramId, xp: 7 })));
      await commit(...ids.map((telegramId) => unitOf({ name: 'addXp', telegramId, xp: 7 })));
      expect((await on.users()).map(({ telegramId, totalXp }) => [telegramId, totalXp])).to.deep.equal(
        ids.map((id) => [id, 14]),
      );
    });

    it('counters up to the largest safe integer, exactly', async () => {
      await commit(
        unitRunning((rows) =>
          Object.assign(rows.user(1), { totalXp: MAX - 1e9 - 1, totalScore: -MAX + 1, totalTrainings: MAX - 2 }),
        ),
      );
      const operations = [
        { name: 'addXp', telegramId: 1, xp: 1_000_000_000 },
        { name: 'addScore', telegramId: 1, score: -1 },
        { name: 'incrementTrainings', telegramId: 1, by: 2 },
      ];
      await commit(unit({ operations }));
      const counters = { totalXp: MAX - 1, totalScore: -MAX, totalTrainings: MAX };
      expect((await on.users())[0]).to.include(counters);
      await commit(unit({ operations }));
      expect((await on.users())[0]).to.include({ ...counters, totalXp: MAX, level: 100 });
    });

    it('moments to the millisecond, from 1970 on, in the form that Sequelize compares by', async () => {
      const moments = [0, 1, Date.UTC(1999, 11, 31, 23, 59, 59, 999), Date.UTC(2026, 2, 29, 1, 30, 0, 10)];
      await commit(...moments.map((at, telegramId) => unitOf({ name: 'touchUser', telegramId }, { at })));
      expect((await on.users()).map(({ registrationDate }) => +registrationDate)).to.deep.equal(moments);
      const users = on.database.sequelize.getRepository(User);
      const counts = await Promise.all(moments.map((at) => users.count({ where: { registrationDate: new Date(at) } })));
      expect(counts).to.deep.equal([1, 1, 1, 1]);
    });

    it('booleans, nulls and numbers of subscriptions and free trainings', async () => {
      const operations = [
        { name: 'createSubscription', telegramId: 1, type: 'MONTH', autoRenew: true },
        { name: 'createSubscription', telegramId: 1, type: 'CREDITS', credits: 1_000_000 },
        { name: 'addFreeTrainings', telegramId: 1, count: 1_000_000, source: 'ADMIN' },
      ];
      await commit(unit({ operations }));
      const subscriptions = await on.database.sequelize.getRepository(Subscription).findAll({ order: ['id'] });
      expect(subscriptions[0]).to.include({
        subscriptionType: 'MONTH',
        isActive: true,
        autoRenew: true,
        creditsLeft: null,
      });
      expect(subscriptions[1]).to.include({ isActive: true, autoRenew: false, endDate: null, creditsTotal: 1_000_000 });
      const [trainings] = await on.database.sequelize.getRepository(FreeTraining).findAll();
      expect(trainings).to.include({ source: 'ADMIN', trainingsLeft: 1_000_000 });
    });

    it('nothing later than the year 9999: the unit fails, and what was stored stays', async () => {
      const extend = () => unitOf({ name: 'createSubscription', telegramId: 1, type: 'YEAR', durationDays: 3_660 });
      const results = await new Committer(on.database).commit(Array.from({ length: 800 }, extend));
      const failures = results.flatMap((result) => (result.status === 'failed' ? [result.error.message] : []));
      expect(failures).to.have.lengthOf(5);
      expect(failures[0]).to.match(/later than the year 9999/);
      const [last] = await on.database.sequelize.getRepository(Subscription).findAll({ where: { isActive: true } });
      expect(last?.endDate?.getUTCFullYear()).to.equal(9992);
    });
  });
}

function hasProto(value: unknown): boolean {
  return /"__proto__":/.test(JSON.stringify(value));
}
