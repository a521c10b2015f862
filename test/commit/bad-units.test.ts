import { expect } from 'chai';
import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { poison, unitRunning, unstorable } from '../helpers/fake-operations.js';
import { unitOf } from '../helpers/units.js';
import { CountingDatabase, eachOn, variants } from '../helpers/variants.js';

const addXp = (telegramId: number, xp = 1) => unitOf({ name: 'addXp', telegramId, xp });

/** Good units of ten users, 1 XP each, with bad ones at these places. */
function batchOf(size: number, bad: Record<number, CheckedUnit>): CheckedUnit[] {
  return Array.from({ length: size }, (_, place) => bad[place] ?? addXp((place % 10) + 1));
}

const failed = (results: UnitResult[]) =>
  results.flatMap((result, place) => (result.status === 'failed' ? [place] : []));

const messages = (results: UnitResult[]) =>
  results.flatMap((result) => (result.status === 'failed' ? [result.error.message] : []));

for (const variant of variants) {
  describe(`A bad unit on ${variant.name}`, () => {
    const on = eachOn(variant);
    const totalXp = async () => (await on.users()).reduce((sum, user) => sum + user.totalXp, 0);

    it('whose rule throws fails alone: its batch-mates commit as if it had not been there', async () => {
      const results = await new Committer(on.database).commit(
        batchOf(20, { 3: poison(), 11: poison({ telegramId: 5 }) }),
      );
      expect(failed(results)).to.deep.equal([3, 11]);
      expect(messages(results)).to.deep.equal(
        Array(2).fill(
          'fake: its rule threw Error: the rule of this operation is broken; mend the rule or the data, then retry',
        ),
      );
      expect(await totalXp()).to.equal(18);
      expect(await on.badges()).to.deep.equal([]);
      expect(await on.ledger()).to.have.lengthOf(18);
    });

    it('whose rule throws costs two more transactions', async () => {
      const database = on.open(CountingDatabase);
      await new Committer(database).commit(batchOf(100, { 42: poison() }));
      expect(database.transactions).to.equal(3);
      await new Committer(database).commit(batchOf(100, {}));
      expect(database.transactions).to.equal(4);
    });

    it('whose rule throws costs no more when there are 250 of 500', async () => {
      const database = on.open(CountingDatabase);
      const bad = Array.from({ length: 250 }, (_, index) => [
        2 * index,
        poison({ telegramId: 1 + (index % 10), key: `bad-${index}` }),
      ]);
      const results = await new Committer(database).commit(batchOf(500, Object.fromEntries(bad)));
      expect(failed(results)).to.deep.equal(bad.map(([place]) => place));
      expect(await totalXp()).to.equal(250);
      expect(await on.badges()).to.deep.equal([]);
      expect(database.transactions).to.equal(3);
    });

    it('does not show its half-done changes to the outcomes of its batch-mates', async () => {
      const [before, , after] = await new Committer(on.database).commit([addXp(1), poison(), addXp(1)]);
      expect([before, after]).to.have.nested.property('[0].outcomes[0].totalXp', 1);
      expect([before, after]).to.have.nested.property('[1].outcomes[0].totalXp', 2);
    });

    it('leaves no trace: no user, no ledger row, and its key is free', async () => {
      const committer = new Committer(on.database);
      const bad = [poison({ telegramId: 77, key: 'a' }), unstorable({ telegramId: 78, key: 'b' })];
      const results = await committer.commit([...bad, addXp(1), addXp(2)]);
      expect(failed(results)).to.deep.equal([0, 1]);
      expect((await on.users()).map(({ telegramId }) => telegramId)).to.deep.equal([1, 2]);
      expect(await on.ledger()).to.have.lengthOf(2);

      const mended = ['a', 'b'].map((key) => unitOf({ name: 'addXp', telegramId: 77, xp: 5 }, { key }));
      expect(failed(await committer.commit(mended))).to.deep.equal([]);
    });

    it('all of a unit is undone, also its operations that were fine', async () => {
      const bad = poison({ telegramId: 1 });
      const operations = [...addXp(2, 5).operations, ...bad.operations, ...addXp(3, 5).operations];
      const results = await new Committer(on.database).commit([{ ...bad, operations }, addXp(2, 7)]);
      expect(failed(results)).to.deep.equal([0]);
      expect((await on.users()).map((user) => [user.telegramId, user.totalXp])).to.deep.equal([[2, 7]]);
    });

    it('which the database refuses is found by halving the batch, and fails alone', async () => {
      const database = on.open(CountingDatabase);
      const results = await new Committer(database).commit(batchOf(128, { 77: unstorable() }));
      expect(failed(results)).to.deep.equal([77]);
      expect(messages(results).join()).to.match(/free_trainings_left_check/);
      expect(await totalXp()).to.equal(127);
      expect(await on.ledger()).to.have.lengthOf(127);
      // One for the batch, and two for each of the seven halvings of 128.
      expect(database.transactions).to.equal(1 + 2 * 7);
    });

    it('costs about 2·log₂ transactions in a batch of 500, wherever it is', async () => {
      const database = on.open(CountingDatabase);
      for (const place of [0, 321, 499]) {
        database.transactions = 0;
        const results = await new Committer(database).commit(batchOf(500, { [place]: unstorable() }));
        expect(failed(results)).to.deep.equal([place]);
        expect(database.transactions).to.be.at.most(1 + 2 * Math.ceil(Math.log2(500)));
      }
    });

    it('is told of by its operation, by what the database refused, and by what to do', async () => {
      const [result] = await new Committer(on.database).commit([unstorable()]);
      expect((result as { error: Error }).error.message).to.match(
        /^fake: the database refuses what it writes.*: .*free_trainings_left_check.*; correct the data or the rule, then retry$/,
      );
    });

    it('does not keep another one from being found', async () => {
      const bad = {
        0: unstorable(),
        1: unstorable({ telegramId: 9 }),
        60: poison(),
        119: unstorable({ telegramId: 10 }),
      };
      const results = await new Committer(on.database).commit(batchOf(120, bad));
      expect(failed(results)).to.deep.equal([0, 1, 60, 119]);
      expect(await totalXp()).to.equal(116);
    });

    it('that is sent twice in a batch fails twice', async () => {
      const bad = poison({ key: 'a' });
      const results = await new Committer(on.database).commit([bad, addXp(1), { ...bad }, addXp(1)]);
      expect(failed(results)).to.deep.equal([0, 2]);
      expect(await totalXp()).to.equal(2);
    });

    it('does not keep its key from another one in the same batch', async () => {
      const other = unitOf({ name: 'addXp', telegramId: 1, xp: 6 }, { key: 'a' });
      const results = await new Committer(on.database).commit([poison({ key: 'a' }), other]);
      expect(failed(results)).to.deep.equal([0]);
      expect(await totalXp()).to.equal(6);
    });

    it('does not take down an innocent one that only failed because of it', async () => {
      const misled = unitRunning((rows) => {
        const user = rows.user(1);
        if (user.totalXp > 1_000) throw new Error('misled by what the unit before left');
        user.totalXp += 3;
        return { totalXp: user.totalXp };
      });
      const results = await new Committer(on.database).commit([addXp(1), poison(), misled]);
      expect(failed(results)).to.deep.equal([1]);
      expect(await totalXp()).to.equal(4);
    });

    it('may also be one whose outcome is not JSON, or whose time is none', async () => {
      const unprintable = unitRunning(() => ({ big: 5n }));
      const nowhen = unitRunning((rows) => {
        rows.user(1).lastActivity = new Date(Number.NaN);
      });
      const results = await new Committer(on.database).commit([addXp(1), unprintable, addXp(2), nowhen, addXp(3)]);
      expect(failed(results)).to.deep.equal([1, 3]);
      expect(await totalXp()).to.equal(3);
    });
  });
}
