import { expect } from 'chai';
import fc from 'fast-check';
import { QueryTypes } from 'sequelize';
import { Committer } from '../../src/commit/committer.js';
import { Database } from '../../src/database.js';
import { UserRepository } from '../../src/repositories/user.js';
import { refreshRanks } from '../../src/schedule/refresh-ranks.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { unitOf } from '../helpers/units.js';

// Tiny buckets, so that few users fill many of them.
const tiny = { bucketSize: 3, worthwhile: 1 };

const xpFor = (telegramId: number, xp: number) => unitOf({ name: 'addXp', telegramId, xp });

type Step = { xp: number; telegramId: number } | { deleted: number } | 'refresh' | 'commit';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ telegramId: fc.nat(40), xp: fc.integer({ min: -20, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ deleted: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.constant<Step>('refresh') },
  { weight: 3, arbitrary: fc.constant<Step>('commit') },
);

for (const dialect of dialects) {
  describe(`refreshRanks on ${dialect}`, () => {
    let fresh: FreshDatabase;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
    });
    afterEach(() => fresh.close());

    it('keeps every rank exact, whatever is committed between the cuts', async function () {
      this.timeout(60_000);
      const { database } = fresh;
      await fc.assert(
        fc
          .asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
            await play(database, [...steps, 'commit']);
            await expectExactRanks(database);
          })
          .afterEach(() => clear(database)),
        { numRuns: 25 },
      );
    });

    it('cuts when there are enough users, again when a bucket overflows, and gives up when there are too few', async () => {
      const { database } = fresh;
      const committer = new Committer(database);
      expect(await refreshRanks({ database, ...tiny, worthwhile: 10 })).to.deep.equal({ buckets: 0, cut: false });

      await committer.commit(Array.from({ length: 10 }, (_, index) => xpFor(index + 1, index * 10)));
      expect(await refreshRanks({ database, ...tiny, worthwhile: 10 })).to.deep.equal({ buckets: 4, cut: true });
      expect(await refreshRanks({ database, ...tiny, worthwhile: 10 })).to.deep.equal({ buckets: 4, cut: false });

      await committer.commit(Array.from({ length: 30 }, (_, index) => xpFor(100 + index, 1)));
      expect(await refreshRanks({ database, ...tiny, worthwhile: 10 })).to.deep.equal({ buckets: 14, cut: true });
      await expectExactRanks(database);

      expect(await refreshRanks({ database, ...tiny, worthwhile: 1_000 })).to.deep.equal({ buckets: 0, cut: true });
      await committer.commit([xpFor(5, 1_000)]);
      await expectExactRanks(database);
    });

    it('sums up what was booked, so that a rank adds few rows', async () => {
      const { database } = fresh;
      const committer = new Committer(database);
      await committer.commit(Array.from({ length: 12 }, (_, index) => xpFor(index + 1, index * 10)));
      await refreshRanks({ database, ...tiny });
      for (let round = 0; round < 20; round++) await committer.commit([xpFor(1 + (round % 12), 35)]);
      expect(await countRows(database)).to.be.above(8);
      await refreshRanks({ database, ...tiny });
      expect(await countRows(database)).to.be.at.most(5);
      await expectExactRanks(database);
    });
  });
}

describe('refreshRanks beside commits on postgres', () => {
  it('stays exact while four workers commit and two processes refresh', async function () {
    this.timeout(60_000);
    const fresh = await freshDatabase('postgres');
    const others = Array.from({ length: 4 }, () => new Database({ url: fresh.url, lookupsOnly: true }));
    const committers = others.map((database) => new Committer(database));
    let busy = true;
    const refreshing = [fresh.database, others[0] as Database].map(async (database) => {
      while (busy) await refreshRanks({ database, bucketSize: 3 + Math.floor(Math.random() * 3), worthwhile: 1 });
    });
    await Promise.all(
      committers.map(async (committer, worker) => {
        for (let round = 0; round < 40; round++) {
          const units = Array.from({ length: 10 }, (_, index) =>
            xpFor(1 + ((round * 7 + index * 13 + worker * 5) % 60), ((round * 31 + index * 17) % 40) - 10),
          );
          await committer.commit(units);
        }
      }),
    );
    busy = false;
    await Promise.all(refreshing);
    await expectExactRanks(fresh.database);
    await Promise.all(others.map((database) => database.close()));
    await fresh.close();
  });
});

async function play(database: Database, steps: Step[]): Promise<void> {
  const committer = new Committer(database);
  let waiting: ReturnType<typeof xpFor>[] = [];
  let at = Date.UTC(2026, 0, 1);
  for (const each of steps) {
    at += 1_000;
    if (each === 'refresh') await refreshRanks({ database, ...tiny });
    else if (each === 'commit') {
      await committer.commit(waiting);
      waiting = [];
    } else if ('deleted' in each) waiting.push(unitOf({ name: 'deleteUser', telegramId: each.deleted }, { at }));
    else waiting.push(unitOf({ name: 'addXp', ...each }, { at }));
  }
}

async function expectExactRanks(database: Database): Promise<void> {
  const users = new UserRepository(database);
  const board = await users.leaderboard({ limit: 1_000 });
  const ranks = await Promise.all(board.map(({ telegramId }) => users.rank(telegramId)));
  expect(ranks).to.deep.equal(board.map(({ rank }) => rank));
}

async function countRows({ sequelize }: Database): Promise<number> {
  const sql = 'SELECT count(*) AS count FROM rank_counts';
  const [row] = await sequelize.query<{ count: number }>(sql, { type: QueryTypes.SELECT });
  return row?.count ?? 0;
}

async function clear(database: Database): Promise<void> {
  for (const table of ['users', 'idempotency_keys', 'deleted_users', 'rank_marks', 'rank_counts']) {
    await database.sequelize.query(`DELETE FROM ${table}`);
  }
  await database.sequelize.query('UPDATE rank_state SET version = version + 1');
}
