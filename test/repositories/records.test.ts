import { expect } from 'chai';
import { addDays } from '../../src/domain/time.js';
import type { User } from '../../src/models/index.js';
import { openRepositories, type Repositories } from '../../src/repositories/index.js';
import { insertPayment, insertPromocode, insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';

for (const dialect of dialects) {
  describe(`records on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let repositories: Repositories;
    let user: User;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      repositories = openRepositories(fresh.database);
      user = await insertUser(fresh.database);
    });
    afterEach(() => fresh.close());

    it('give a stranger no payments', async () => {
      expect(await repositories.payments.byTelegramId(1)).to.deep.equal([]);
    });

    it('give payments, latest first, with exact amounts of two places', async () => {
      const amounts = ['0.00', '0.10', '1490.00', '990.50', '0.01', '99999999.99', '12345678.90', '4.35'];
      for (const [day, amount] of amounts.entries()) {
        await insertPayment(fresh.database, user, { amount, createdAt: addDays(NOON, day) });
      }
      await insertPayment(fresh.database, await insertUser(fresh.database));
      const payments = await repositories.payments.byTelegramId(user.telegramId);
      expect(payments.map(({ amount }) => amount)).to.deep.equal(amounts.toReversed());
    });

    it('give all there is to know of a payment', async () => {
      const given = { paymentId: 'p-1', description: 'Month', metadata: { order: 7 }, status: 'PENDING' as const };
      await insertPayment(fresh.database, user, given);
      expect(await repositories.payments.byTelegramId(user.telegramId)).to.deep.equal([
        {
          provider: 'yookassa',
          paymentId: 'p-1',
          amount: '990.00',
          currency: 'RUB',
          status: 'PENDING',
          tariff: 'month',
          description: 'Month',
          metadata: { order: 7 },
          subscriptionId: null,
          createdAt: NOON.toISOString(),
          updatedAt: NOON.toISOString(),
        },
      ]);
    });

    it('give a promocode in any case, with the state that redeeming would find', async () => {
      const { promocodes } = repositories;
      await insertPromocode(fresh.database, { code: 'ЁЛКА', maxUses: 2, currentUses: 1, expiresAt: addDays(NOON, 1) });
      await insertPromocode(fresh.database, { code: 'USED', maxUses: 2, currentUses: 2 });
      expect(await promocodes.byCode('ёлка', NOON)).to.deep.equal({
        code: 'ЁЛКА',
        type: 'CREDITS',
        value: 5,
        state: 'valid',
        maxUses: 2,
        currentUses: 1,
        expiresAt: addDays(NOON, 1).toISOString(),
        createdAt: NOON.toISOString(),
      });
      expect(await promocodes.byCode('ЁЛКА', addDays(NOON, 1))).to.include({ state: 'expired' });
      expect(await promocodes.byCode('used', NOON)).to.include({ state: 'exhausted', maxUses: 2 });
      expect(await promocodes.byCode('none')).to.equal(null);
    });
  });
}
