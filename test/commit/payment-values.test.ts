import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { ValidationError } from '../../src/errors.js';
import { Payment } from '../../src/models/index.js';
import { commitInBatches, outcomeOf } from '../helpers/commit-batches.js';
import { unit, unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

const fields = { provider: 'yookassa', paymentId: 'p-1', amount: '990', status: 'COMPLETED', tariff: 'month' };

const payment = (given: object = {}, telegramId = 1, key?: string) =>
  unitOf({ name: 'recordPayment', telegramId, ...fields, ...given }, key ? { key } : {});

for (const variant of variants) {
  describe(`A payment on ${variant.name}`, () => {
    const on = eachOn(variant);
    const commit = async (...units: ReturnType<typeof payment>[]) => [
      ...(await commitInBatches(on.database, units, { nextSize: () => units.length })).values(),
    ];
    const select = <R extends object>(sql: string) => on.database.sequelize.query<R>(sql, { type: QueryTypes.SELECT });
    const payments = () => on.database.sequelize.getRepository(Payment).findAll({ order: ['id'] });

    for (const [sent, stored] of [
      ['12345678.90', '12345678.90'],
      ['99999999.99', '99999999.99'],
      ['0.1', '0.10'],
      ['0.29', '0.29'],
      ['990', '990.00'],
      ['0', '0.00'],
    ] as const) {
      it(`of ${sent} comes back as ${stored}, also after its status changed`, async () => {
        await commit(payment({ amount: sent, status: 'PENDING' }));
        expect((await payments())[0]?.amount).to.equal(stored);
        await commit(payment({ amount: sent }));
        expect((await payments())[0]).to.include({ amount: stored, status: 'COMPLETED' });
        // What anybody else finds who reads the table, with arithmetic of the database (SQLite: of doubles).
        const [row] = await select<{ same: number }>(
          `SELECT COUNT(*) AS same FROM payments WHERE amount = ${stored} AND ROUND(amount * 100) = ${stored.replace('.', '')}`,
        );
        expect(row?.same).to.equal(1);
      });
    }

    it('keeps its description and metadata when its status changes', async () => {
      const details = { description: `${'Ж'.repeat(999)}👍`.slice(0, 999), metadata: { order: 7, text: '\u0000' } };
      await commit(payment({ status: 'PENDING', ...details }));
      await commit(payment());
      expect((await payments())[0]).to.deep.include({ status: 'COMPLETED', ...details });
    });

    it('names the subscription that it granted, whether they were made in one batch or not', async () => {
      await commit(payment({ status: 'PENDING' }), payment({ paymentId: 'p-2', tariff: 'credits_5' }));
      await commit(payment());
      const rows = await select<object>(
        `SELECT p.payment_id, s.subscription_type FROM payments p JOIN subscriptions s ON s.id = p.subscription_id
         ORDER BY p.payment_id`,
      );
      expect(rows).to.deep.equal([
        { payment_id: 'p-1', subscription_type: 'MONTH' },
        { payment_id: 'p-2', subscription_type: 'CREDITS' },
      ]);
    });

    it('in another currency than before is refused with its whole unit, and nothing changes', async () => {
      await commit(payment({ status: 'PENDING' }));
      const before = JSON.stringify(await payments());
      const mismatched = unit({
        operations: [
          { name: 'addXp', telegramId: 1, xp: 5 },
          { name: 'recordPayment', telegramId: 1, ...fields, currency: 'USD' },
        ],
      });
      const [refused, applied] = await commit(mismatched, unitOf({ name: 'addXp', telegramId: 1, xp: 7 }));
      expect(refused?.status === 'failed' && refused.error).to.be.instanceOf(ValidationError);
      expect(applied?.status).to.equal('applied');
      expect(JSON.stringify(await payments())).to.equal(before);
      expect((await on.users())[0]).to.include({ totalXp: 7 });
      expect(await select('SELECT 1 FROM subscriptions')).to.deep.equal([]);
    });

    it('in two currencies in one batch counts in the first', async () => {
      const [first, second] = await commit(payment(), payment({ status: 'REFUNDED', currency: 'USD' }));
      expect(outcomeOf(first)).to.include({ status: 'COMPLETED' });
      expect(second?.status).to.equal('failed');
      expect((await payments())[0]).to.include({ status: 'COMPLETED', currency: 'RUB' });
    });

    it('for a tariff that nobody knows is booked with a warning, which is answered again', async () => {
      const unknown = payment({ tariff: 'unheard-of' }, 1, 'upd-1');
      const [result] = await commit(unknown);
      const warned = {
        status: 'COMPLETED',
        applied: true,
        warning: 'unknown tariff "unheard-of": nothing was granted',
      };
      expect(outcomeOf(result)).to.deep.equal(warned);
      expect((await payments())[0]).to.include({ status: 'COMPLETED', tariff: 'unheard-of', subscriptionId: null });
      expect(outcomeOf((await commit(unknown))[0])).to.deep.equal(warned);
    });

    it("changes nothing under another user's id", async () => {
      await commit(payment({}, 1), payment({ paymentId: 'p-2' }, 2));
      const before = JSON.stringify(await payments());
      const [result] = await commit(payment({ status: 'REFUNDED' }, 2));
      expect(outcomeOf(result)).to.include({ status: 'COMPLETED', applied: false });
      expect(JSON.stringify(await payments())).to.equal(before);
      expect(await select('SELECT 1 FROM subscriptions WHERE NOT is_active')).to.deep.equal([]);
    });
  });
}
