import { expect } from 'chai';
import { addDays } from '../../src/domain/time.js';
import { OutboxEvent, type User } from '../../src/models/index.js';
import { pruneOutbox } from '../../src/schedule/prune-outbox.js';
import { insertEvent, insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';

for (const dialect of dialects) {
  describe(`pruneOutbox on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let user: User;
    const prune = () => pruneOutbox({ database: fresh.database, config: { outboxRetentionDays: 7 } }, NOON);
    const left = () => fresh.database.sequelize.getRepository(OutboxEvent).findAll({ order: ['id'] });

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      user = await insertUser(fresh.database);
    });
    afterEach(() => fresh.close());

    it('deletes what was handed over longer ago than the retention, and never what was not', async () => {
      const expiry = addDays(NOON, -7);
      const createdAt = addDays(NOON, -400);
      await insertEvent(fresh.database, user, { createdAt, deliveredAt: new Date(expiry.getTime() - 1) });
      const kept = [
        await insertEvent(fresh.database, user, { createdAt, deliveredAt: expiry }),
        await insertEvent(fresh.database, user, { createdAt, deliveredAt: NOON }),
        await insertEvent(fresh.database, user, { createdAt }),
      ];
      expect(await prune()).to.deep.equal({ pruned: 1 });
      expect((await left()).map(({ id }) => id)).to.deep.equal(kept.map(({ id }) => id));
    });

    it('works in chunks, alone and beside another process', async () => {
      const event = { userId: user.id, type: 'badge.awarded', payload: {}, createdAt: NOON };
      const rows = Array.from({ length: 2_500 }, () => ({ ...event, deliveredAt: addDays(NOON, -8) }));
      await fresh.database.sequelize.getRepository(OutboxEvent).bulkCreate(rows);
      await Promise.all([prune(), prune()]);
      await prune();
      expect(await left()).to.deep.equal([]);
    });
  });
}
