import { expect } from 'chai';
import { addDays } from '../../src/domain/time.js';
import { OutboxEvent, Subscription } from '../../src/models/index.js';
import { expireSubscriptions } from '../../src/schedule/expire-subscriptions.js';
import { insertSubscription, insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { countRows, insertEnding } from './many-subscriptions.js';

for (const dialect of dialects) {
  describe(`expireSubscriptions on ${dialect}`, () => {
    let fresh: FreshDatabase;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
    });
    afterEach(() => fresh.close());

    const activeIds = async () => {
      const rows = await fresh.database.sequelize.getRepository(Subscription).findAll({ where: { isActive: true } });
      return rows.map(({ id }) => id).sort((a, b) => a - b);
    };

    it('ends what is past its end and credits at zero, and nothing else', async () => {
      const user = () => insertUser(fresh.database);
      const running = await insertSubscription(fresh.database, await user(), { endDate: addDays(NOON, 1) });
      const credits = await insertSubscription(fresh.database, await user(), { creditsLeft: 1 });
      await insertSubscription(fresh.database, await user(), { endDate: NOON });
      await insertSubscription(fresh.database, await user(), { endDate: addDays(NOON, -400) });
      await insertSubscription(fresh.database, await user(), { creditsLeft: 0 });
      await insertSubscription(fresh.database, await user(), { endDate: addDays(NOON, -1), isActive: false });
      const both = await user();
      await insertSubscription(fresh.database, both, { endDate: addDays(NOON, -1) });
      await insertSubscription(fresh.database, both, { creditsLeft: 0 });

      expect(await expireSubscriptions(fresh, NOON)).to.deep.equal({ expired: 5 });
      expect(await activeIds()).to.deep.equal([running.id, credits.id]);
      expect(await expireSubscriptions(fresh, NOON)).to.deep.equal({ expired: 0 });
    });

    it('tells the bots of each once, with the moment it was seen', async () => {
      const user = await insertUser(fresh.database);
      const endDate = addDays(NOON, -1);
      const month = await insertSubscription(fresh.database, user, { endDate, autoRenew: true });
      const spent = await insertSubscription(fresh.database, user, { creditsLeft: 0 });
      await Promise.all([expireSubscriptions(fresh, NOON), expireSubscriptions(fresh, NOON)]);
      await expireSubscriptions(fresh, addDays(NOON, 1));

      const rows = await fresh.database.sequelize.getRepository(OutboxEvent).findAll({ order: ['id'] });
      const event = {
        userId: user.id,
        botName: null,
        type: 'subscription.expired',
        createdAt: NOON,
        deliveredAt: null,
      };
      const end = { subscriptionType: 'MONTH', endDate: endDate.toISOString(), autoRenew: true };
      expect(rows.map((row) => ({ ...row.get(), id: 0 }))).to.deep.equal([
        { id: 0, ...event, payload: { subscriptionId: month.id, ...end } },
        {
          id: 0,
          ...event,
          payload: { subscriptionId: spent.id, subscriptionType: 'CREDITS', endDate: null, autoRenew: false },
        },
      ]);
    });

    it('works through any backlog, never more than 1,000 rows in a statement', async function () {
      // 8 s on two idle cores.
      this.timeout(120_000);
      await insertEnding(fresh, 200_000, addDays(NOON, -1));
      const counts: number[] = [];
      const database = countRows(fresh, counts);

      expect(await expireSubscriptions({ database }, NOON)).to.deep.equal({ expired: 200_000 });
      expect(await activeIds()).to.deep.equal([]);
      expect(Math.max(...counts)).to.equal(1_000);
    });

    it('stops after the chunk at hand when the process closes, and goes on in the next run', async () => {
      await insertEnding(fresh, 1_500, addDays(NOON, -1));
      const closing = new AbortController();
      const counts: number[] = [];
      const database = countRows(fresh, counts, () => closing.abort());

      const first = await expireSubscriptions({ database, signal: closing.signal }, NOON);
      expect(first).to.deep.equal({ expired: 1_000 });
      expect(await expireSubscriptions(fresh, NOON)).to.deep.equal({ expired: 500 });
    });

    it('ends each once when two processes run at the same moment', async () => {
      await insertEnding(fresh, 1_500, addDays(NOON, -1));
      const runs = await Promise.all([expireSubscriptions(fresh, NOON), expireSubscriptions(fresh, NOON)]);
      expect(runs.reduce((sum, { expired }) => sum + expired, 0)).to.equal(1_500);
      expect(await activeIds()).to.deep.equal([]);
    });
  });
}

describe('expireSubscriptions beside commits on postgres', () => {
  it('leaves users whom a commit holds to the next run, and does not wait for them', async () => {
    const fresh = await freshDatabase('postgres');
    try {
      const busy = await insertUser(fresh.database);
      const due = await insertSubscription(fresh.database, busy, { endDate: NOON });
      await insertSubscription(fresh.database, await insertUser(fresh.database), { endDate: NOON });

      await fresh.database.transaction(async (session) => {
        const lock = { name: 'lock', text: 'SELECT id FROM users WHERE id = $1 FOR UPDATE' };
        await session.query(lock, [busy.id]);
        expect(await expireSubscriptions(fresh, NOON)).to.deep.equal({ expired: 1 });
        // The commit prolongs it in the meantime.
        const prolong = { name: 'prolong', text: 'UPDATE subscriptions SET end_date = $1 WHERE id = $2' };
        await session.query(prolong, [addDays(NOON, 30).toISOString(), due.id]);
      });
      expect(await expireSubscriptions(fresh, NOON)).to.deep.equal({ expired: 0 });
    } finally {
      await fresh.close();
    }
  });
});
