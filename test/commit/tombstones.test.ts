import { expect } from 'chai';
import { Committer } from '../../src/commit/committer.js';
import { DeletedUser } from '../../src/models/index.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { commitInBatches, outcomeOf } from '../helpers/commit-batches.js';
import { dump } from '../helpers/full-user.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const ANN = 1;
const BOB = 2;

const day = (number: number) => Date.UTC(2026, 0, 15 + number);

const addXp = (at: number, xp = 5, telegramId = ANN, key = `xp-${at}-${xp}-${telegramId}`) =>
  unitOf({ name: 'addXp', telegramId, xp }, { at, key });
const deletion = (at: number, telegramId = ANN, key = `delete-${at}`) =>
  unitOf({ name: 'deleteUser', telegramId }, { at, key });
/** A unit that gives XP to both. */
const toBoth = (at: number, key = `both-${at}`) =>
  unit({
    key,
    at,
    operations: [ANN, BOB].map((telegramId) => ({ name: 'addXp', telegramId, xp: 100 })),
  });

const dropped = { userDeleted: true };
const gained = (totalXp: number) => ({ leveledUp: false, oldLevel: 1, newLevel: 1, totalXp });

for (const variant of variants) {
  describe(`After a deletion on ${variant.name}`, () => {
    const on = eachOn(variant);
    const commitAll = (units: readonly CheckedUnit[], nextSize = () => 1_000) =>
      commitInBatches(on.database, units, { nextSize });
    const commit = async (...units: CheckedUnit[]) => [...(await commitAll(units)).values()].map(outcomeOf);
    const totals = async () => (await on.users()).map(({ telegramId, totalXp }) => [telegramId, totalXp]);

    it('what was made before it and comes late is dropped, and does not bring the user back', async () => {
      await commit(addXp(day(0)), deletion(day(5)));
      expect(await commit(addXp(day(4)), addXp(day(5)))).to.deep.equal([dropped, dropped]);
      expect(await totals()).to.deep.equal([]);
    });

    it('of a user whom nobody knew, what was made before it is dropped as well', async () => {
      expect(await commit(deletion(day(5)))).to.deep.equal([{ deleted: false }]);
      expect(await commit(addXp(day(4)))).to.deep.equal([dropped]);
      expect(await totals()).to.deep.equal([]);
    });

    it('a user who returns starts afresh', async () => {
      await commit(
        unitOf({ name: 'touchUser', telegramId: ANN, username: 'ann' }, { at: day(0) }),
        unitOf({ name: 'completeTraining', telegramId: ANN, score: 950 }, { at: day(1) }),
        unitOf({ name: 'awardBadge', telegramId: ANN, badgeType: 'guru' }, { at: day(1) }),
        deletion(day(5)),
      );
      const created = await commit(unitOf({ name: 'touchUser', telegramId: ANN }, { at: day(5) + 1 }));
      expect(created).to.deep.equal([{ created: true }]);
      const [user] = await on.users();
      const moment = new Date(day(5) + 1);
      const fresh = { username: null, totalXp: 0, level: 1, totalTrainings: 0, totalScore: 0 };
      expect(user).to.deep.include({ ...fresh, registrationDate: moment, lastActivity: moment });
      expect([await on.badges(), await on.sessions()]).to.deep.equal([[], []]);
    });

    it('what was made before it is dropped also when the user has returned meanwhile', async () => {
      await commit(addXp(day(0)), deletion(day(5)), addXp(day(6)));
      expect(await commit(addXp(day(4)), addXp(day(7)))).to.deep.equal([dropped, gained(10)]);
      expect(await totals()).to.deep.equal([[ANN, 10]]);
    });

    it('a unit of several users is dropped whole, and its other users stay as they are', async () => {
      await commit(addXp(day(0), 5, BOB), deletion(day(5)));
      const results = await new Committer(on.database).commit([toBoth(day(4))]);
      expect(results).to.deep.equal([{ status: 'applied', outcomes: [dropped, dropped] }]);
      expect(await totals()).to.deep.equal([[BOB, 5]]);
    });

    it('what was applied before it and comes again is dropped, under its key and under another', async () => {
      const applied = addXp(day(1));
      await commit(applied, deletion(day(5)));
      expect(await commit(applied)).to.deep.equal([dropped]);
      expect(await commit({ ...applied, key: 'another' })).to.deep.equal([dropped]);
      expect(await totals()).to.deep.equal([]);
    });

    it('what was dropped once is dropped again, also after another deletion', async () => {
      await commit(deletion(day(5)));
      const late = addXp(day(4));
      await commit(late);
      await commit(addXp(day(6)), deletion(day(8)), addXp(day(9)));
      expect(await commit(late)).to.deep.equal([dropped]);
      expect(await totals()).to.deep.equal([[ANN, 5]]);
    });

    it('a unit of several users that was applied is not applied to the others again', async () => {
      // Made after the deletion and applied before it: not late, so the tombstone says nothing about it.
      const shared = toBoth(day(6));
      await commit(shared);
      await commit(deletion(day(5)));
      expect(await commit(shared)).to.deep.equal([dropped]);
      expect(await totals()).to.deep.equal([[BOB, 100]]);
      await commit(deletion(day(7), BOB, 'delete-bob'));
      expect(await commit(shared)).to.deep.equal([dropped]);
      expect(await totals()).to.deep.equal([]);
    });

    it('the tombstone moves forward with each deletion, never back', async () => {
      const nobody = { deleted: false };
      expect(await commit(deletion(day(5)), deletion(day(3)))).to.deep.equal([nobody, nobody]);
      expect(await commit(addXp(day(4)))).to.deep.equal([dropped]);
      await commit(deletion(day(8)));
      expect(await commit(addXp(day(7)))).to.deep.equal([dropped]);
      const tombstones = await on.database.sequelize.getRepository(DeletedUser).findAll();
      expect(tombstones.map((row) => row.get())).to.deep.equal([{ telegramId: ANN, deletedAt: new Date(day(8)) }]);
    });

    it('a deletion made before it that comes late deletes nobody who came back', async () => {
      const back = addXp(day(6));
      await commit(addXp(day(0)), deletion(day(5)), back);
      const before = await dump(on.database);
      const late = [deletion(day(3)), deletion(day(5), ANN, 'same-moment')];
      expect(await commit(...late)).to.deep.equal([{ deleted: false }, { deleted: false }]);
      const after = await dump(on.database);
      for (const table of before.keys()) {
        if (table !== 'idempotency_keys') expect(after.get(table), table).to.deep.equal(before.get(table));
      }
      expect(await commit(back)).to.deep.equal([gained(5)]);
      expect(await commit(deletion(day(7)))).to.deep.equal([{ deleted: true }]);
    });

    it('a bot whose clock runs ahead shuts nobody out for longer than until the commit', async () => {
      const now = () => new Date(day(6));
      const committer = new Committer(on.database, { now });
      await committer.commit([deletion(day(300))]);
      const [late, back] = await new Committer(on.database).commit([addXp(day(6)), addXp(day(6) + 1)]);
      expect([outcomeOf(late), outcomeOf(back)]).to.deep.equal([dropped, gained(5)]);
    });

    it('units before and after it in one batch keep their order', async () => {
      const batch = [
        addXp(day(1)),
        toBoth(day(2)),
        deletion(day(5)),
        addXp(day(4), 6),
        addXp(day(6), 7),
        deletion(day(7), BOB),
        addXp(day(8), 8),
        addXp(day(6), 9, BOB),
        addXp(day(8), 3, BOB),
      ];
      expect(await commit(...batch)).to.deep.equal([
        gained(5),
        { leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 105 },
        { deleted: true },
        dropped,
        gained(7),
        { deleted: true },
        gained(15),
        dropped,
        gained(3),
      ]);
      expect(await totals()).to.deep.equal([
        [ANN, 15],
        [BOB, 3],
      ]);
    });

    it('a unit that fails beside it, before or after, takes nothing with it', async () => {
      const bad = (at: number) => unitOf({ name: 'createSubscription', telegramId: ANN, type: 'YEAR' }, { at });
      const farAhead = new Committer(on.database, { now: () => new Date('9999-06-01') });
      const results = await farAhead.commit([
        addXp(day(1)),
        bad(Date.UTC(9999, 1)),
        deletion(day(5)),
        bad(Date.UTC(9999, 2)),
        addXp(day(6)),
      ]);
      expect(results.map(({ status }) => status)).to.deep.equal(['applied', 'failed', 'applied', 'failed', 'applied']);
      expect(await totals()).to.deep.equal([[ANN, 5]]);
    });
  });
}
