import { expect } from 'chai';
import fc from 'fast-check';
import { User } from '../../src/models/index.js';
import { UserRepository } from '../../src/repositories/user.js';
import { insertUser, NOON } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';

for (const dialect of dialects) {
  describe(`users on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let users: UserRepository;

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      users = new UserRepository(fresh.database);
    });
    afterEach(() => fresh.close());

    it('gives a user as plain JSON, with ids beyond 32 bits as numbers', async () => {
      const telegramId = 7_000_000_000;
      const { id } = await insertUser(fresh.database, { telegramId, username: 'johndoe', totalXp: 5_000_000_000 });
      const expected = {
        telegramId,
        username: 'johndoe',
        firstName: null,
        lastName: null,
        registrationDate: NOON.toISOString(),
        lastActivity: NOON.toISOString(),
        totalXp: 5_000_000_000,
        level: 1,
        totalTrainings: 0,
        totalScore: 0,
      };
      expect(await users.byTelegramId(telegramId)).to.deep.equal(expected);
      expect(await users.byId(id)).to.deep.equal(expected);
    });

    it('knows a stranger as null, and counts none', async () => {
      expect(await users.byTelegramId(1)).to.equal(null);
      expect(await users.byId(1)).to.equal(null);
      expect(await users.rank(1)).to.equal(null);
      expect(await users.count()).to.equal(0);
      expect(await users.leaderboard()).to.deep.equal([]);
    });

    it('orders by XP, then by who was there first, page by page', async () => {
      await insertUser(fresh.database, { telegramId: 2, totalXp: 10 });
      await insertUser(fresh.database, { telegramId: 3, totalXp: 10 });
      await insertUser(fresh.database, { telegramId: 1, totalXp: 10 });
      await insertUser(fresh.database, { telegramId: 4, totalXp: 900 });
      const places = async (limit: number, offset: number) =>
        (await users.leaderboard({ limit, offset })).map(({ rank, telegramId }) => [rank, telegramId]);

      expect(await places(3, 0)).to.deep.equal([[1, 4], [2, 2], [3, 3]]); // biome-ignore format: a table
      expect(await places(3, 3)).to.deep.equal([[4, 1]]);
      expect(await users.count()).to.equal(4);
    });

    it('ranks every user exactly where the leaderboard has them, whatever the ties', async () => {
      const person = fc.record({ totalXp: fc.nat({ max: 3 }), registered: fc.nat({ max: 2 }) });
      const population = fc.array(person, { minLength: 1, maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(population, async (people) => {
          await fresh.database.sequelize.getRepository(User).destroy({ where: {} });
          for (const { totalXp, registered } of people) {
            await insertUser(fresh.database, { totalXp, registrationDate: new Date(NOON.getTime() + registered) });
          }
          const entries = await users.leaderboard({ limit: 100 });
          expect(entries).to.have.length(people.length);
          for (const { rank, telegramId } of entries) expect(await users.rank(telegramId)).to.equal(rank);
        }),
        { numRuns: 8 },
      );
    });
  });
}

describe('users on postgres, by the millions', () => {
  let fresh: FreshDatabase;

  before(async () => {
    fresh = await freshDatabase('postgres');
    await fresh.database.sequelize.query(`
      INSERT INTO users (telegram_id, registration_date, last_activity, total_xp)
      SELECT n, now(), now(), n % 1000 FROM generate_series(1, 20000) AS n`);
    // VACUUM finds nothing that all can see before the commit is on disk, which takes its time with fsync off.
    await fresh.database.sequelize.query('CHECKPOINT');
    await fresh.database.sequelize.query('VACUUM ANALYZE users');
  });
  after(() => fresh.close());

  it('reads the leaderboard and the rank off the index, without sorting or scanning', async () => {
    const statements: string[] = [];
    fresh.database.sequelize.options.logging = (sql) => statements.push(sql.replace(/^Executing \(.*?\): /, ''));
    const users = new UserRepository(fresh.database);
    await users.leaderboard();
    await users.rank(777);
    fresh.database.sequelize.options.logging = false;

    for (const sql of statements) {
      const [plan] = await fresh.database.sequelize.query(`EXPLAIN ${sql.replace('$1', '777').replace(/;.*$/s, '')}`);
      expect(JSON.stringify(plan))
        .to.include('users_leaderboard')
        .and.not.match(/Seq Scan|Sort/);
    }
    expect(statements).to.have.length(2);
  });
});
