import { expect } from 'chai';
import fc from 'fast-check';
import type { Row, Statement } from '../../src/database.js';
import { User } from '../../src/models/index.js';
import * as statements from '../../src/repositories/statements.js';
import { UserRepository } from '../../src/repositories/user.js';
import { refreshRanks } from '../../src/schedule/refresh-ranks.js';
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
      expect(await users.leaderboard()).to.deep.equal({ users: [], total: 0 });
    });

    it('orders by XP, then by who was there first, page by page', async () => {
      await insertUser(fresh.database, { telegramId: 2, totalXp: 10 });
      await insertUser(fresh.database, { telegramId: 3, totalXp: 10 });
      await insertUser(fresh.database, { telegramId: 1, totalXp: 10 });
      await insertUser(fresh.database, { telegramId: 4, totalXp: 900 });
      const places = async (limit: number, offset: number) =>
        (await users.leaderboard({ limit, offset })).users.map(({ rank, telegramId }) => [rank, telegramId]);

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
          const { users: entries, total } = await users.leaderboard({ limit: 100 });
          expect([entries.length, total]).to.deep.equal([people.length, people.length]);
          for (const { rank, telegramId } of entries) expect(await users.rank(telegramId)).to.equal(rank);
        }),
        { numRuns: 8 },
      );
    });
  });
}

describe('reads of many users on postgres, by connections that planned them while there were none', () => {
  let fresh: FreshDatabase;

  const asked: [Statement, (string | number)[]][] = [
    [statements.USER, [777]],
    [statements.SESSION, [777, 'spin_bot']],
    [statements.SESSIONS, ['spin_bot', 15_000, 101]],
    [statements.RANK, [777]],
    [statements.LEADERBOARD, [10, 0]],
    [statements.LEADERBOARD, [10, 15_000]],
    [statements.LEADERBOARD, [10, 1_000_000_000]],
    [statements.COUNT, []],
  ];

  before(async () => {
    // One connection, so that what it has prepared can be looked at.
    fresh = await freshDatabase('postgres', { poolSize: 1, lookupsOnly: true });
    const { database } = fresh;
    for (const table of ['users', 'bot_sessions']) {
      await database.sequelize.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
      await database.sequelize.query(`VACUUM ANALYZE ${table}`);
    }
    // PostgreSQL keeps a plan after five times at the earliest.
    for (let times = 0; times < 10; times++) {
      for (const [statement, values] of asked) await database.read(statement, values);
    }
    await database.sequelize.query(`
      INSERT INTO users (telegram_id, registration_date, last_activity, total_xp)
      SELECT n, now(), now(), n % 1000 FROM generate_series(1, 20000) AS n`);
    await database.sequelize.query(`
      INSERT INTO bot_sessions (user_id, bot_name, session_data, stats_data, session_at, stats_at, created_at, updated_at)
      SELECT id, 'spin_bot', '{}', '{}', now(), now(), now(), now() FROM users`);
  });
  after(() => fresh.close());

  /** How a prepared statement finds its rows, e.g. `Index Scan using users_telegram_id_key on users … rows=1`. */
  const walkOf = async ({ name }: Statement, values: (string | number)[]) => {
    const given = values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ');
    const [lines] = await fresh.database.sequelize.query(
      `EXPLAIN (ANALYZE, COSTS OFF) EXECUTE ${name} ${given && `(${given})`}`,
    );
    return (lines as Row[])
      .map((line) => line['QUERY PLAN'] as string)
      .filter((line) => / on (users|bot_sessions)\b/.test(line) && !line.includes('never executed'));
  };
  const rowsOf = (line: string) => Number(/ rows=([\d.]+)/.exec(line)?.[1]);

  it('look at indexes only, and only at what is near', async () => {
    await refreshRanks({ database: fresh.database });
    for (const [statement, values] of asked) {
      const walk = await walkOf(statement, values);
      expect(walk.length > 0, `${statement.name} looks at users`).to.equal(statement !== statements.COUNT);
      for (const line of walk) {
        expect(line, statement.name).to.match(/Index (Only )?Scan (Backward )?using/);
        expect(rowsOf(line), line).to.be.at.most(512 + 10);
      }
    }
  });

  it('walk down the leaderboard while there are no marks', async () => {
    await refreshRanks({ database: fresh.database, worthwhile: 1_000_000 });
    const walk = await walkOf(statements.LEADERBOARD, [10, 3]);
    const leaderboard = walk.filter((line) => line.includes('Index Scan using users_leaderboard'));
    expect(leaderboard).to.have.length(2);
    for (const line of leaderboard) expect(rowsOf(line), line).to.be.at.most(13);
  });
});
