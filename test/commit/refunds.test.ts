import { expect } from 'chai';
import fc from 'fast-check';
import type { Database } from '../../src/database.js';
import { Payment, Subscription, User } from '../../src/models/index.js';
import { commitInBatches, outcomeOf } from '../helpers/commit-batches.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import {
  happenings,
  inItsWords,
  moment,
  operationsOf,
  quartersUntil,
  reference,
  settings,
} from '../helpers/entitlements.js';
import { unitOf } from '../helpers/units.js';

for (const dialect of dialects) {
  describe(`Payments, purchases, use and refunds of a user among each other on ${dialect}`, function () {
    this.timeout(60_000);
    let fresh: FreshDatabase;
    let users = 0;
    before(async () => {
      fresh = await freshDatabase(dialect);
    });
    after(() => fresh.close());

    it('leave exactly what was granted and neither used nor refunded, in batches of any size', async () => {
      const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 12 }));
      await fc.assert(
        fc.asyncProperty(happenings, sizes, async (life, size) => {
          const user = ++users;
          const expected = reference(life);
          const operations = operationsOf(life, user);
          const units = operations.map(({ operation, at }, index) =>
            unitOf(operation, { key: `${user}-${index}`, at: at.getTime() }),
          );
          const nextSize = () => size.next().value;
          const results = await commitInBatches(fresh.database, units, { nextSize, settings });
          const answers = operations.map((each, index) => inItsWords(each, outcomeOf(results.get(`${user}-${index}`))));
          expect(answers).to.deep.equal(expected.answers);
          expect(await stored(fresh.database, user, expected.now)).to.deep.equal({
            left: expected.left,
            grants: expected.grants,
          });
        }),
        { numRuns: 100 },
      );
    });
  });
}

/** What the user may still use, and by how many subscriptions of their own payments were completed. */
async function stored({ sequelize }: Database, telegramId: number, now: number) {
  const user = await sequelize.getRepository(User).findOne({ where: { telegramId } });
  const where = { userId: user?.id ?? 0 };
  const subscriptions = await sequelize.getRepository(Subscription).findAll({ where });
  const payments = await sequelize.getRepository(Payment).findAll({ where });
  const active = subscriptions.filter(({ isActive }) => isActive);
  const running = active.find(({ endDate }) => endDate && endDate > moment(now));
  const credits = active.find(({ endDate }) => !endDate);
  const granting = payments.flatMap(({ subscriptionId }) => subscriptionId ?? []);
  return {
    left: {
      end: running?.endDate ? quartersUntil(running.endDate) : null,
      credits: credits?.creditsLeft ?? 0,
    },
    grants: new Set(granting).size,
  };
}
