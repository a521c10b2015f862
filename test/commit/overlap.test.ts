import { expect } from 'chai';
import fc from 'fast-check';
import { Batcher } from '../../src/commit/batcher.js';
import { Committer } from '../../src/commit/committer.js';
import { Database, type SqlSession } from '../../src/database.js';
import { unitOf } from '../helpers/units.js';
import { eachOn, variants } from '../helpers/variants.js';

/** How a transaction ends that has done its work: well, or as one that PostgreSQL chose as a victim or that lost a race. */
type End = 'committed' | '40P01' | '23505';

/** A database whose transactions end as they are told, one after the other; the rest end well. */
class UnsteadyDatabase extends Database {
  ends: End[] = [];
  underWay = 0;
  mostUnderWay = 0;

  override async transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    try {
      return await super.transaction(async (session) => {
        const result = await work(session);
        const end = this.ends.shift() ?? 'committed';
        if (end !== 'committed') throw Object.assign(new Error('as told'), { code: end });
        return result;
      });
    } finally {
      this.underWay--;
    }
  }
}

const USERS = 3;

const setLevel = (level: number) => unitOf({ name: 'setLevel', telegramId: level % USERS, level });

for (const variant of variants) {
  describe(`Batches that overlap on ${variant.name}`, () => {
    const on = eachOn(variant);
    const watch = { isUp: true, lost: () => undefined, worked: () => undefined };

    async function expectInOrder(database: UnsteadyDatabase, first: number, count: number): Promise<void> {
      const batcher = new Batcher(new Committer(database), { maxUnits: 2, maxBytes: 1_000_000 }, watch);
      const levels = Array.from({ length: count }, (_, index) => first + index);
      const results = (await Promise.all(levels.map((level) => batcher.submit([setLevel(level)])))).flat();
      const seen = results.map((result) => (result.status === 'applied' ? result.outcomes[0] : result.error.message));
      const before = (level: number) => Math.max(1, level - USERS);
      expect(seen).to.deep.equal(levels.map((level) => ({ oldLevel: before(level), newLevel: level })));
    }

    it('show each user their units in the order in which they came, whatever becomes of a transaction', async () => {
      const database = on.open(UnsteadyDatabase);
      let next = 1;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom<End>('committed', '40P01', '23505'), { maxLength: 12 }),
          async (ends) => {
            database.ends = ends;
            await expectInOrder(database, next, 24);
            next += 24;
          },
        ),
        { numRuns: 15 },
      );
    });

    it('are two at most, and one where there can be only one writer', async () => {
      const database = on.open(UnsteadyDatabase);
      await expectInOrder(database, 1, 60);
      expect(database.mostUnderWay).to.equal(variant.dialect === 'postgres' ? 2 : 1);
    });
  });
}
