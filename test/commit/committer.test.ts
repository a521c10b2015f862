import { expect } from 'chai';
import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import { IdempotencyConflictError } from '../../src/errors.js';
import { unit, unitOf } from '../helpers/units.js';
import { CountingDatabase, eachOn, variants } from '../helpers/variants.js';

const addXp = (xp: number, key: string, bot = 'spin_bot') => unitOf({ name: 'addXp', telegramId: 1, xp }, { key, bot });
const gained = (totalXp: number) => ({
  status: 'applied',
  outcomes: [{ leveledUp: false, oldLevel: 1, newLevel: 1, totalXp }],
});

/** As a bot sees it. */
/** Results as bots see them, who do not learn whether a unit was applied before. */
const printed = (results: UnitResult[]): unknown =>
  JSON.parse(JSON.stringify(results.map((result) => ({ ...result, repeated: undefined }))));

for (const variant of variants) {
  describe(`The committer on ${variant.name}`, () => {
    const on = eachOn(variant);
    const commit = (...units: Parameters<Committer['commit']>[0]) => new Committer(on.database).commit(units);

    it('applies units in order and answers in order', async () => {
      expect(printed(await commit(addXp(5, 'a'), addXp(6, 'b'), addXp(7, 'c')))).to.deep.equal([
        gained(5),
        gained(11),
        gained(18),
      ]);
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([18]);
    });

    it('commits a batch in one transaction', async () => {
      const database = on.open(CountingDatabase);
      const units = Array.from({ length: 50 }, (_, number) => addXp(1, `key-${number}`));
      await new Committer(database).commit(units);
      expect(database.transactions).to.equal(1);
    });

    it('answers a key that was applied with what it answered then, and applies nothing', async () => {
      const [first] = await commit(addXp(5, 'a'));
      await commit(addXp(6, 'b'));
      expect(printed(await commit(addXp(5, 'a')))).to.deep.equal(printed([first as UnitResult]));
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([11]);
      expect(await on.ledger()).to.have.lengthOf(2);
    });

    it('answers every kind of outcome the same again: dates, ids, refusals', async () => {
      const operations = [
        { name: 'createSubscription', telegramId: 1, type: 'MONTH' },
        { name: 'awardBadge', telegramId: 1, badgeType: 'guru' },
        { name: 'awardBadge', telegramId: 1, badgeType: 'guru' },
        { name: 'consumeAccess', telegramId: 2 },
        { name: 'touchUser', telegramId: 1 },
      ];
      const first = printed(await commit(unit({ key: 'a', operations })));
      expect(printed(await commit(unit({ key: 'a', operations })))).to.deep.equal(first);
      expect(first).to.have.nested.property('[0].outcomes[0].subscriptionId').that.is.a('number');
      expect(first).to.have.nested.property('[0].outcomes[0].endDate', '2026-02-14T00:00:00.000Z');
    });

    it('refuses a key that was used for other content, and applies nothing of it', async () => {
      await commit(addXp(5, 'a'));
      const [refused, applied] = await commit(addXp(6, 'a'), addXp(7, 'b'));
      expect(refused).to.have.property('status', 'failed');
      expect(refused).to.have.property('error').that.is.instanceOf(IdempotencyConflictError);
      expect(printed([applied as UnitResult])).to.deep.equal([gained(12)]);
      expect((await on.ledger()).map(({ key }) => key)).to.deep.equal(['a', 'b']);
    });

    it('applies a unit once that stands in a batch several times, and answers each', async () => {
      const database = on.open(CountingDatabase);
      const units = [addXp(5, 'a'), addXp(1, 'b'), addXp(5, 'a'), addXp(5, 'a')];
      const results = await new Committer(database).commit(units);
      expect(printed(results)).to.deep.equal([gained(5), gained(6), gained(5), gained(5)]);
      expect(results.map((result) => 'repeated' in result)).to.deep.equal([false, false, true, true]);
      expect(database.transactions).to.equal(1);
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([6]);
    });

    it('refuses the second of two units in a batch that share a key and differ', async () => {
      const [first, second, again] = await commit(addXp(5, 'a'), addXp(6, 'a'), addXp(5, 'a'));
      expect(second).to.have.property('error').that.is.instanceOf(IdempotencyConflictError);
      expect(printed([first, again] as UnitResult[])).to.deep.equal([gained(5), gained(5)]);
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([5]);
    });

    it('keeps the keys of two bots apart', async () => {
      await commit(addXp(5, 'a', 'spin_bot'));
      expect(printed(await commit(addXp(6, 'a', 'quiz_bot')))).to.deep.equal([gained(11)]);
    });

    it('does nothing for an empty batch', async () => {
      expect(await commit()).to.deep.equal([]);
    });

    it('says for the first operation of a new user that it created them', async () => {
      const touch = { name: 'touchUser', telegramId: 1 };
      const [first, second] = await commit(unit({ operations: [touch, touch] }), unit({ operations: [touch] }));
      expect(printed([first, second] as UnitResult[])).to.deep.equal([
        { status: 'applied', outcomes: [{ created: true }, { created: false }] },
        { status: 'applied', outcomes: [{ created: false }] },
      ]);
    });

    it('lets nothing have happened later than its commit, also for a bot whose clock runs ahead', async () => {
      const now = new Date('2026-01-15T12:00:00.000Z');
      const committer = new Committer(on.database, { now: () => now });
      for (const [index, at] of [Date.UTC(2030, 0), Number.MAX_SAFE_INTEGER].entries()) {
        const save = { name: 'saveSession', telegramId: index, session: {} };
        await committer.commit([unitOf(save, { at }), unitOf({ ...save, session: { later: true } }, { at: +now })]);
      }
      for (const { registrationDate, lastActivity } of await on.users()) {
        expect([registrationDate, lastActivity]).to.deep.equal([now, now]);
      }
      for (const { sessionData, sessionAt } of await on.sessions()) {
        expect([sessionData, sessionAt]).to.deep.equal([{ later: true }, now]);
      }
    });

    it('moves the last activity of a user forward, never back', async () => {
      for (const day of [10, 12, 11]) await commit(unit({ at: Date.UTC(2026, 0, day) }));
      const [user] = await on.users();
      expect(user?.registrationDate).to.deep.equal(new Date(Date.UTC(2026, 0, 10)));
      expect(user?.lastActivity).to.deep.equal(new Date(Date.UTC(2026, 0, 12)));
    });
  });
}
