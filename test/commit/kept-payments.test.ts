import { expect } from 'chai';
import { defaultSettings, type Settings } from '../../src/domain/settings.js';
import { Payment, Subscription } from '../../src/models/index.js';
import type { CheckedUnit } from '../../src/operations/unit.js';
import { commitInBatches, outcomeOf } from '../helpers/commit-batches.js';
import { dump, secretOf, tablesWith } from '../helpers/full-user.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const ANN = 777_000_111;
const BOB = 777_000_222;

const day = (number: number) => Date.UTC(2026, 0, 15 + number);
const DELETED = day(5);

const payment = (status: string, paymentId = 'p-1', telegramId = ANN, currency = 'RUB') => ({
  ...{ name: 'recordPayment', telegramId, provider: 'yookassa', paymentId, amount: '990', currency, status },
  ...{ tariff: 'month', description: secretOf(ANN), metadata: { [secretOf(ANN)]: 1 } },
});
const notify = (at: number, ...given: Parameters<typeof payment>) =>
  unitOf(payment(...given), { at, key: `${given.join()}-${at}` });
const deletion = unitOf({ name: 'deleteUser', telegramId: ANN }, { at: DELETED, key: 'delete' });
const addXp = (at: number) => unitOf({ name: 'addXp', telegramId: ANN, xp: 7 }, { at, key: `xp-${at}` });

const dropped = { userDeleted: true };

for (const variant of variants) {
  describe(`A payment that outlived its user on ${variant.name}`, () => {
    const on = eachOn(variant);
    const commitAll = async (units: readonly CheckedUnit[], settings: Settings = defaultSettings, size = 1) =>
      [...(await commitInBatches(on.database, units, { settings, nextSize: () => size })).values()].map(outcomeOf);
    const commit = (...units: CheckedUnit[]) => commitAll(units);
    const payments = async () =>
      (await on.database.sequelize.getRepository(Payment).findAll({ order: ['paymentId'] })).map(
        ({ paymentId, status, userId, subscriptionId, updatedAt }) => {
          return { paymentId, status, userId, subscriptionId, updatedAt: updatedAt.getTime() };
        },
      );
    const kept = (status: string, updatedAt: number, paymentId = 'p-1') => {
      return { paymentId, status, userId: null, subscriptionId: null, updatedAt };
    };
    /** The person is nowhere, and nothing was granted. */
    const expectNobody = async () => {
      expect(await on.users()).to.deep.equal([]);
      expect(await on.database.sequelize.getRepository(Subscription).count()).to.equal(0);
      const all = await dump(on.database);
      expect(tablesWith(all, secretOf(ANN))).to.deep.equal([]);
      expect(tablesWith(all, `${ANN}`)).to.deep.equal(['deleted_users']);
    };

    for (const [what, at] of [
      ['made after the deletion', day(6)],
      ['made before it and late', day(4)],
    ] as const) {
      it(`is completed by a notification ${what}, which grants nothing and brings nobody back`, async () => {
        await commit(notify(day(0), 'PENDING'), deletion);
        expect(await commit(notify(at, 'COMPLETED'))).to.deep.equal([{ status: 'COMPLETED', applied: true }]);
        expect(await payments()).to.deep.equal([kept('COMPLETED', at)]);
        await expectNobody();
      });

      it(`is refunded by a notification ${what}`, async () => {
        await commit(notify(day(0), 'COMPLETED'), deletion);
        expect(await commit(notify(at, 'REFUNDED'))).to.deep.equal([{ status: 'REFUNDED', applied: true }]);
        expect(await payments()).to.deep.equal([kept('REFUNDED', at)]);
        await expectNobody();
      });
    }

    it('goes where the status machine says: repeated or out of order, a notification changes nothing', async () => {
      await commit(notify(day(0), 'COMPLETED'), deletion);
      expect(
        await commit(notify(day(6), 'COMPLETED'), notify(day(6), 'PENDING'), notify(day(7), 'REFUNDED')),
      ).to.deep.equal([
        { status: 'COMPLETED', applied: false },
        { status: 'COMPLETED', applied: false },
        { status: 'REFUNDED', applied: true },
      ]);
      expect(await commit(notify(day(7), 'REFUNDED'))).to.deep.equal([{ status: 'REFUNDED', applied: true }]);
      expect(await commit(notify(day(8), 'REFUNDED'))).to.deep.equal([{ status: 'REFUNDED', applied: false }]);
      expect(await payments()).to.deep.equal([kept('REFUNDED', day(7))]);
      await expectNobody();
    });

    it('moves on also when the user has come back, who gets nothing for it and loses nothing', async () => {
      await commit(notify(day(0), 'PENDING'), deletion, addXp(day(6)), notify(day(6), 'COMPLETED', 'p-2'));
      const before = await on.database.sequelize.getRepository(Subscription).findAll({ raw: true });
      expect(await commit(notify(day(7), 'COMPLETED'), notify(day(8), 'REFUNDED'))).to.deep.equal([
        { status: 'COMPLETED', applied: true },
        { status: 'REFUNDED', applied: true },
      ]);
      expect(await on.database.sequelize.getRepository(Subscription).findAll({ raw: true })).to.deep.equal(before);
      expect((await payments())[0]).to.deep.equal(kept('REFUNDED', day(8)));
    });

    it('leaves other payments as they were: a new one of a user who comes back grants, a late unknown one is dropped', async () => {
      await commit(notify(day(0), 'PENDING'), deletion);
      expect(await commit(notify(day(4), 'COMPLETED', 'p-2'))).to.deep.equal([dropped]);
      const [granted] = await commit(notify(day(6), 'COMPLETED', 'p-3'));
      expect(granted).to.include({ status: 'COMPLETED', applied: true }).and.have.property('subscriptionId');
      expect((await on.users()).map(({ telegramId }) => telegramId)).to.deep.equal([ANN]);
    });

    it('does not move under the name of somebody else, nor in another currency', async () => {
      await commit(notify(day(0), 'PENDING'), deletion);
      expect(await commit(notify(day(6), 'COMPLETED', 'p-1', BOB))).to.deep.equal([
        { status: 'PENDING', applied: false },
      ]);
      const [failed] = (await commitInBatches(on.database, [notify(day(6), 'COMPLETED', 'p-1', ANN, 'USD')])).values();
      expect(failed)
        .to.have.nested.property('error.message')
        .that.matches(/^recordPayment\.currency: USD/);
      expect(await payments()).to.deep.equal([kept('PENDING', day(0))]);
    });

    it('ends the same in one batch with others, and answers again what it answered', async () => {
      await commit(notify(day(0), 'PENDING'), notify(day(0), 'PENDING', 'p-2'), deletion);
      const units = [
        unitOf({ name: 'addXp', telegramId: BOB, xp: 1 }, { at: day(6) }),
        notify(day(6), 'COMPLETED'),
        notify(day(6), 'FAILED', 'p-2'),
        notify(day(7), 'REFUNDED'),
        addXp(day(4)),
      ];
      const outcomes = await commitAll(units, defaultSettings, 100);
      expect(outcomes.slice(1)).to.deep.equal([
        { status: 'COMPLETED', applied: true },
        { status: 'FAILED', applied: true },
        { status: 'REFUNDED', applied: true },
        dropped,
      ]);
      expect(await commit(...units)).to.deep.equal(outcomes);
      expect(await payments()).to.deep.equal([kept('REFUNDED', day(7)), kept('FAILED', day(6), 'p-2')]);
      expect((await on.users()).map(({ telegramId }) => telegramId)).to.deep.equal([BOB]);
    });

    it('is not looked for where payments go with their user, nor by a unit of several operations', async () => {
      const settings = { ...defaultSettings, keepPayments: false };
      await commitAll([notify(day(0), 'PENDING'), deletion], settings);
      expect(await commitAll([notify(day(4), 'COMPLETED')], settings)).to.deep.equal([dropped]);
      const several = unit({
        at: day(4),
        operations: [payment('COMPLETED'), { name: 'addXp', telegramId: ANN, xp: 1 }],
      });
      expect(await commit(several)).to.deep.equal([dropped]);
      expect(await payments()).to.deep.equal([]);
      await expectNobody();
    });
  });
}
