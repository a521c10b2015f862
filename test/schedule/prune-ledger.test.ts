import { expect } from 'chai';
import { addDays } from '../../src/domain/time.js';
import { IdempotencyKey } from '../../src/models/index.js';
import { pruneLedger } from '../../src/schedule/prune-ledger.js';
import { insertLedgerRow, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';

for (const dialect of dialects) {
  describe(`pruneLedger on ${dialect}`, () => {
    let fresh: FreshDatabase;
    const config = { ledgerRetentionDays: 30 };
    const prune = () => pruneLedger({ database: fresh.database, config }, NOON);

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
    });
    afterEach(() => fresh.close());

    it('deletes what is older than the retention, and nothing younger', async () => {
      const expiry = addDays(NOON, -30);
      await insertLedgerRow(fresh.database, { key: 'old', createdAt: new Date(expiry.getTime() - 1) });
      await insertLedgerRow(fresh.database, { key: 'old', botName: 'quiz_bot', createdAt: addDays(NOON, -365) });
      await insertLedgerRow(fresh.database, { key: 'just in time', createdAt: expiry });
      await insertLedgerRow(fresh.database, { key: 'new', createdAt: NOON });

      expect(await prune()).to.deep.equal({ pruned: 2 });
      const left = await fresh.database.sequelize.getRepository(IdempotencyKey).findAll({ order: ['createdAt'] });
      expect(left.map(({ key }) => key)).to.deep.equal(['just in time', 'new']);
    });

    it('works in chunks, whole and not, alone and beside another process', async () => {
      for (const count of [2_000, 2_500]) {
        const rows = Array.from({ length: count }, (_, index) => ({
          botName: 'spin_bot',
          key: `old-${index}`,
          contentHash: 'x',
          outcomes: [],
          createdAt: addDays(NOON, -31),
        }));
        await fresh.database.sequelize.getRepository(IdempotencyKey).bulkCreate(rows);
        const runs = await Promise.all([prune(), prune()]);
        expect(runs.reduce((sum, { pruned }) => sum + pruned, 0)).to.be.at.most(count);
        await prune();
        expect(await fresh.database.sequelize.getRepository(IdempotencyKey).count()).to.equal(0);
      }
    });
  });
}
