import { expect } from 'chai';
import { defaultSettings, type Settings } from '../../src/domain/settings.js';
import { Payment } from '../../src/models/index.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { commitInBatches, outcomeOf } from '../helpers/commit-batches.js';
import { createCode, dump, fullLife, secretOf, tablesWith } from '../helpers/full-user.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const ANN = 777_000_111;
const BOB = 777_000_222;

const day = (number: number) => Date.UTC(2026, 0, 15 + number);

const deleteAnn = () => unitOf({ name: 'deleteUser', telegramId: ANN }, { key: 'delete-1', at: day(5) });

/** Two users with a row in every table, and units that name both, either of them first. */
const lives = [
  unit({ operations: [createCode], at: day(0) }),
  unit({ operations: fullLife(BOB), at: day(0) }),
  unit({ operations: fullLife(ANN), at: day(0) }),
  unit({ operations: [...fullLife(ANN).slice(0, 4), ...fullLife(BOB).slice(0, 4)], at: day(1) }),
  unit({ operations: [...fullLife(BOB).slice(0, 4), ...fullLife(ANN).slice(0, 4)], at: day(1) }),
];

/** The tables that hold nothing of a user who is there. */
const ofNobody = ['deleted_users', 'promocodes', 'rank_counts', 'rank_marks', 'rank_state'];

for (const variant of variants) {
  describe(`deleteUser on ${variant.name}`, () => {
    const on = eachOn(variant);
    const commit = async (units: readonly CheckedUnit[], settings: Settings = defaultSettings) =>
      [...(await commitInBatches(on.database, units, { settings })).values()].map(outcomeOf);
    const payments = async () =>
      (await on.database.sequelize.getRepository(Payment).findAll({ order: ['paymentId', 'id'] })).map((row) =>
        row.get(),
      );

    /** Ann and Bob, each with a row in every table that there is. */
    async function fill(): Promise<{ ann: RegExp; bob: RegExp }> {
      await commit(lives);
      await on.database.sequelize.query(
        'INSERT INTO subscription_reminders (subscription_id, days, reminded_at) SELECT id, 3, start_date FROM subscriptions',
      );
      const [ann, bob] = await on.users();
      return { ann: traceOf(ann?.id, ANN), bob: traceOf(bob?.id, BOB) };
    }

    it('is tried on users with a row in every table', async () => {
      const { ann } = await fill();
      const all = await dump(on.database);
      const filled = [...tablesWith(all, ann), 'subscription_reminders', ...ofNobody];
      expect(filled.sort()).to.deep.equal([...all.keys()]);
      expect(all.get('subscription_reminders')).to.have.lengthOf.above(2);
    });

    it('leaves nothing of the user in any table, and of the others everything', async () => {
      const { ann, bob } = await fill();
      const before = await dump(on.database);
      expect(await commit([deleteAnn()])).to.deep.equal([{ deleted: true }]);

      const after = await dump(on.database);
      expect(tablesWith(after, ann)).to.deep.equal(['deleted_users']);
      expect(tablesWith(after, secretOf(ANN))).to.deep.equal([]);
      for (const table of before.keys()) {
        if (table === 'idempotency_keys') continue;
        const ofBob = (rows: string[] = []) => rows.filter((row) => row.search(bob) >= 0);
        expect(ofBob(after.get(table)), table).to.deep.equal(ofBob(before.get(table)));
      }
      expect(after.get('subscription_reminders')).to.have.lengthOf(
        (before.get('subscription_reminders')?.length ?? 0) / 2,
      );
    });

    it('deletes the outcomes of the user, and of units that name others only what they answered', async () => {
      await fill();
      const before = await on.ledger();
      await commit([deleteAnn()]);
      const [code, bobs, anns, annFirst, bobFirst] = lives.map(({ key }) => key);
      const after = await on.ledger();
      const rows = new Map(after.map((row) => [row.key, row.get()]));
      expect([...rows.keys()]).to.have.members([code, bobs, annFirst, bobFirst, 'delete-1']);
      for (const key of [code, bobs]) {
        expect(rows.get(key as string)).to.deep.equal(before.find((row) => row.key === key)?.get());
      }
      const outcomes = Array(8).fill({ userDeleted: true });
      expect(rows.get(annFirst as string)).to.deep.include({ telegramId: null, outcomes });
      expect(rows.get(bobFirst as string)).to.deep.include({ telegramId: BOB, outcomes });
      expect(rows.get('delete-1')).to.deep.include({ telegramId: null, outcomes: [{ deleted: true }] });
      expect(rows.get(anns as string)).to.equal(undefined);
    });

    it('keeps the payments without the person: amounts and what the provider knows them by', async () => {
      await fill();
      const before = await payments();
      await commit([deleteAnn()]);
      const nobody = { userId: null, subscriptionId: null, description: null, metadata: null };
      const ofAnn = (paymentId: string) => paymentId.endsWith('-1');
      expect(before.filter(({ paymentId }) => ofAnn(paymentId))).to.have.lengthOf(2);
      expect(await payments()).to.deep.equal(before.map((row) => (ofAnn(row.paymentId) ? { ...row, ...nobody } : row)));
    });

    it('removes the payments as well where the installation says so, and nobody else’s', async () => {
      await fill();
      const before = await payments();
      await commit([deleteAnn()], { ...defaultSettings, keepPayments: false });
      expect(await payments()).to.deep.equal(before.filter(({ paymentId }) => paymentId.endsWith('-2')));
      expect(tablesWith(await dump(on.database), secretOf(ANN))).to.deep.equal([]);
    });

    it('leaves nothing of what comes late either', async () => {
      const { ann } = await fill();
      await commit([deleteAnn(), ...lives.map((late, index) => ({ ...late, key: `late-${index}` }))]);
      const all = await dump(on.database);
      expect(tablesWith(all, ann)).to.deep.equal(['deleted_users']);
      expect(tablesWith(all, secretOf(ANN))).to.deep.equal([]);
    });

    it('says for a user whom nobody knows that there was nothing to delete', async () => {
      await commit(lives.slice(0, 2));
      const before = await dump(on.database);
      expect(await commit([deleteAnn()])).to.deep.equal([{ deleted: false }]);
      const after = await dump(on.database);
      for (const table of before.keys()) {
        if (!['deleted_users', 'idempotency_keys'].includes(table)) {
          expect(after.get(table), table).to.deep.equal(before.get(table));
        }
      }
    });

    it('answers the same when its key comes again, and deletes nobody who came back', async () => {
      await fill();
      const back = unitOf({ name: 'addXp', telegramId: ANN, xp: 7 }, { at: day(6) });
      const [first] = await commit([deleteAnn()]);
      expect(await commit([deleteAnn(), back, deleteAnn()])).to.have.deep.members([first, outcomeOfXp(7)]);
      expect((await on.users()).map(({ telegramId, totalXp }) => [telegramId, totalXp])).to.deep.include([ANN, 7]);
    });
  });
}

const traceOf = (userId: number | undefined, telegramId: number) =>
  new RegExp(`"user_id":${userId}[,}]|"telegram_id":${telegramId}[,}]`);

const outcomeOfXp = (totalXp: number) => ({ leveledUp: false, oldLevel: 1, newLevel: 1, totalXp });
