import { expect } from 'chai';
import fc from 'fast-check';
import { QueryTypes, Transaction } from 'sequelize';
import { Committer } from '../../src/commit/committer.js';
import { Database, type Row, type Statement } from '../../src/database.js';
import { LEADERBOARD, RANK } from '../../src/repositories/statements.js';
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

    it('keeps every rank and every page exact, whatever is committed between the cuts', async function () {
      this.timeout(60_000);
      const { database } = fresh;
      await fc.assert(
        fc
          .asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
            await play(database, [...steps, 'commit']);
            await expectExactRanks(database);
            await expectExactPages(database);
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

for (const dialect of dialects) {
  describe(`refreshRanks beside commits on ${dialect}`, () => {
    it('leaves ranks and pages exact at every moment, while workers commit and processes refresh', async function () {
      this.timeout(60_000);
      const fresh = await freshDatabase(dialect);
      const { database, url } = fresh;
      // SQLite has one writer, so there all share one.
      const others =
        dialect === 'sqlite' ? [] : Array.from({ length: 4 }, () => new Database({ url, lookupsOnly: true }));
      const workers = dialect === 'sqlite' ? [database, database] : others;
      let busy = true;
      const refreshing = [database, workers[0] as Database].map(async (each) => {
        while (busy) {
          await refreshRanks({ database: each, bucketSize: 3 + Math.floor(Math.random() * 3), worthwhile: 1 });
        }
      });
      const reading = (async () => {
        let reads = 0;
        for (; busy; reads++) await expectExactMoment(database);
        return reads;
      })();
      await Promise.all(
        workers.map(async (each, worker) => {
          const committer = new Committer(each);
          for (let round = 0; round < 40; round++) {
            const units = Array.from({ length: 10 }, (_, index) =>
              xpFor(1 + ((round * 7 + index * 13 + worker * 5) % 60), ((round * 31 + index * 17) % 40) - 10),
            );
            await committer.commit(units);
          }
        }),
      ).finally(() => {
        busy = false;
      });
      await Promise.all(refreshing);
      expect(await reading).to.be.above(3);
      await expectExactRanks(database);
      await Promise.all(others.map((each) => each.close()));
      await fresh.close();
    });
  });
}

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

async function expectExactPages(database: Database): Promise<void> {
  const users = new UserRepository(database);
  const everybody = await inOrder(database);
  const total = everybody.length;
  expect(await users.count()).to.equal(total);
  for (let offset = 0; offset <= total + 1; offset += 1 + Math.floor(Math.random() * 4)) {
    const limit = 1 + Math.floor(Math.random() * 12);
    const page = await users.leaderboard({ limit, offset });
    expect({ ...page, users: page.users.map(({ rank, telegramId }) => ({ rank, telegramId })) }).to.deep.equal({
      users: everybody.slice(offset, offset + limit),
      total,
    });
  }
}

/** Asks for a page and a rank, and counts everybody out, all as of one moment. */
async function expectExactMoment({ sequelize }: Database): Promise<void> {
  const isolationLevel = Transaction.ISOLATION_LEVELS.REPEATABLE_READ;
  await sequelize.transaction({ isolationLevel }, async (transaction) => {
    const ask = ({ text }: Pick<Statement, 'text'>, bind: number[] = []) =>
      sequelize.query<Row>(text, { bind, transaction, type: QueryTypes.SELECT });
    const everybody = await ask(IN_ORDER);
    const offset = Math.floor(Math.random() * (everybody.length + 2));
    const page = await ask(LEADERBOARD, [5, offset]);
    expect(page.map(({ total }) => total)).to.deep.equal(page.map(() => everybody.length));
    const found = page.map(({ telegramId }) => telegramId).filter((telegramId) => telegramId !== null);
    expect(found).to.deep.equal(everybody.slice(offset, offset + 5).map(({ telegramId }) => telegramId));
    for (const { telegramId, rank } of everybody.slice(offset, offset + 1)) {
      expect(await ask(RANK, [telegramId as number])).to.deep.equal([{ rank }]);
    }
  });
}

const IN_ORDER = {
  text: `SELECT row_number() OVER (ORDER BY total_xp DESC, id) AS rank, telegram_id AS "telegramId" FROM users
    ORDER BY total_xp DESC, id`,
};

const inOrder = ({ sequelize }: Database) => sequelize.query<Row>(IN_ORDER.text, { type: QueryTypes.SELECT });

async function expectExactRanks(database: Database): Promise<void> {
  const users = new UserRepository(database);
  const { users: board } = await users.leaderboard({ limit: 1_000 });
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
