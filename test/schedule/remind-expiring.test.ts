import { expect } from 'chai';
import { addDays } from '../../src/domain/time.js';
import { OutboxEvent, SubscriptionReminder } from '../../src/models/index.js';
import { remindExpiring } from '../../src/schedule/remind-expiring.js';
import { insertSubscription, insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { countRows, insertEnding } from './many-subscriptions.js';

const config = { remindDays: [3, 1] };

for (const dialect of dialects) {
  describe(`remindExpiring on ${dialect}`, () => {
    let fresh: FreshDatabase;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
    });
    afterEach(() => fresh.close());

    const remind = (now: Date, remindDays = config.remindDays) =>
      remindExpiring({ database: fresh.database, config: { remindDays } }, now);
    const reminders = async () => {
      const rows = await fresh.database.sequelize
        .getRepository(SubscriptionReminder)
        .findAll({ order: ['subscriptionId', 'days'] });
      return rows.map(({ subscriptionId, days }) => [subscriptionId, days]);
    };
    const events = async () => {
      const rows = await fresh.database.sequelize.getRepository(OutboxEvent).findAll({ order: ['id'] });
      return rows.map(({ type, botName, createdAt, payload }) => ({ type, botName, createdAt, ...payload }));
    };
    const ending = async (endDate: Date, given = {}) =>
      (await insertSubscription(fresh.database, await insertUser(fresh.database), { endDate, ...given })).id;

    it('finds what ends within a threshold, the nearest one, and nothing else', async () => {
      const soon = await ending(addDays(NOON, 1));
      const later = await ending(new Date(addDays(NOON, 1).getTime() + 1));
      const latest = await ending(addDays(NOON, 3), { subscriptionType: 'YEAR' });
      await ending(new Date(addDays(NOON, 3).getTime() + 1));
      await ending(NOON);
      await ending(addDays(NOON, 2), { isActive: false });
      await insertSubscription(fresh.database, await insertUser(fresh.database), { creditsLeft: 1 });

      expect(await remind(NOON)).to.deep.equal({ reminded: 3 });
      expect(await reminders()).to.deep.equal([[soon, 1], [later, 3], [latest, 3]]); // biome-ignore format: a table
    });

    it('finds each once per threshold, however often it runs', async () => {
      const id = await ending(addDays(NOON, 4));
      const found: number[] = [];
      for (let hour = 0; hour <= 5 * 24; hour++) {
        const { reminded } = await remind(new Date(NOON.getTime() + hour * 3_600_000));
        if (reminded > 0) found.push(hour);
      }
      expect(found).to.deep.equal([24, 72]);
      expect(await reminders()).to.deep.equal([[id, 1], [id, 3]]); // biome-ignore format: a table
    });

    it('tells the bots of each once per threshold', async () => {
      const endDate = addDays(NOON, 4);
      const subscriptionId = await ending(endDate, { autoRenew: true });
      for (let hour = 0; hour <= 5 * 24; hour += 12) await remind(new Date(NOON.getTime() + hour * 3_600_000));
      const end = { subscriptionId, subscriptionType: 'MONTH', endDate: endDate.toISOString(), autoRenew: true };
      const event = { type: 'subscription.expiring', botName: null, ...end };
      expect(await events()).to.deep.equal([
        { ...event, createdAt: addDays(NOON, 1), days: 3 },
        { ...event, createdAt: addDays(NOON, 3), days: 1 },
      ]);
    });

    it('gives the nearest reminder alone after a downtime, and none after the end', async () => {
      const id = await ending(addDays(NOON, 4));
      await ending(addDays(NOON, 3));
      expect(await remind(addDays(NOON, 3.5))).to.deep.equal({ reminded: 1 });
      expect(await reminders()).to.deep.equal([[id, 1]]);
    });

    it('does not go back to a farther threshold, also not to a new one', async () => {
      const id = await ending(addDays(NOON, 2));
      await remind(NOON);
      expect(await remind(NOON, [7, 5, 1])).to.deep.equal({ reminded: 0 });
      expect(await reminders()).to.deep.equal([[id, 3]]);
    });

    it('reminds again of what a user bought since', async () => {
      const user = await insertUser(fresh.database);
      const old = await insertSubscription(fresh.database, user, { endDate: addDays(NOON, 2) });
      await remind(NOON);
      await old.update({ isActive: false });
      await insertSubscription(fresh.database, user, { endDate: addDays(NOON, 32) });
      expect(await remind(addDays(NOON, 1.5))).to.deep.equal({ reminded: 0 });
      expect(await remind(addDays(NOON, 30))).to.deep.equal({ reminded: 1 });
    });

    it('finds each once when several run at the same moment', async () => {
      await insertEnding(fresh, 1_500, addDays(NOON, 2));
      const runs = await Promise.all([remind(NOON), remind(NOON), remind(NOON)]);
      const last = await remind(NOON);
      expect([...runs, last].reduce((sum, { reminded }) => sum + reminded, 0)).to.equal(1_500);
      expect(await reminders()).to.have.length(1_500);
      expect(await events()).to.have.length(1_500);
    });

    it('works through any number, also all of one moment, never more than 1,000 rows in a statement', async () => {
      await insertEnding(fresh, 20_000, addDays(NOON, 2));
      const counts: number[] = [];
      const database = countRows(fresh, counts);
      expect(await remindExpiring({ database, config }, NOON)).to.deep.equal({ reminded: 20_000 });
      expect(Math.max(...counts)).to.equal(1_000);
    });

    it('stops after the chunk at hand when the process closes, and goes on in the next run', async () => {
      await insertEnding(fresh, 1_500, addDays(NOON, 2));
      const closing = new AbortController();
      const database = countRows(fresh, [], () => closing.abort());
      const first = await remindExpiring({ database, config: { remindDays: [2] }, signal: closing.signal }, NOON);
      expect(first).to.deep.equal({ reminded: 1_000 });
      expect(await remind(NOON, [2])).to.deep.equal({ reminded: 500 });
    });
  });
}

describe('remindExpiring beside commits on postgres', () => {
  let fresh: FreshDatabase;
  beforeEach(async () => {
    fresh = await freshDatabase('postgres');
  });
  afterEach(() => fresh.close());

  const remind = () => remindExpiring({ database: fresh.database, config }, NOON);

  it('leaves users whom a commit holds to the next run, and sees what it made of them', async () => {
    const busy = await insertUser(fresh.database);
    const due = await insertSubscription(fresh.database, busy, { endDate: addDays(NOON, 1) });
    await insertSubscription(fresh.database, await insertUser(fresh.database), { endDate: addDays(NOON, 1) });

    await fresh.database.transaction(async (session) => {
      await session.query({ name: 'lock', text: 'SELECT id FROM users WHERE id = $1 FOR UPDATE' }, [busy.id]);
      expect(await remind()).to.deep.equal({ reminded: 1 });
      const prolong = { name: 'prolong', text: 'UPDATE subscriptions SET end_date = $1 WHERE id = $2' };
      await session.query(prolong, [addDays(NOON, 30).toISOString(), due.id]);
    });
    expect(await remind()).to.deep.equal({ reminded: 0 });
  });

  it('ends although more users than a chunk holds are held, all of one moment', async () => {
    await insertEnding(fresh, 1_500, addDays(NOON, 2));
    await fresh.database.transaction(async (session) => {
      await session.query({ name: 'lock all', text: 'SELECT id FROM users FOR UPDATE' }, []);
      expect(await remind()).to.deep.equal({ reminded: 0 });
    });
    expect(await remind()).to.deep.equal({ reminded: 1_500 });
  });

  it('finds them by the index, without scanning all subscriptions', async () => {
    await insertEnding(fresh, 20_000, addDays(NOON, 200));
    await fresh.database.sequelize.query('VACUUM ANALYZE subscriptions');
    const [plan] = await fresh.database.sequelize.query(
      `EXPLAIN SELECT s.id FROM subscriptions AS s
        WHERE s.is_active AND s.end_date > '2025-01-15' AND s.end_date <= '2025-01-18' AND 3 < COALESCE(
          (SELECT min(r.days) FROM subscription_reminders AS r WHERE r.subscription_id = s.id), 2147483647)
        ORDER BY s.end_date LIMIT 1000`,
    );
    expect(JSON.stringify(plan)).to.include('subscriptions_due').and.not.include('Seq Scan on subscriptions ');
  });
});
