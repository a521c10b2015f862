import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { AdoptError } from '../../src/cli/adopt/checks.js';
import { takeOver } from '../../src/cli/adopt/take-over.js';
import { Committer } from '../../src/commit/committer.js';
import { openRepositories } from '../../src/repositories/index.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { makePythonDatabase } from '../helpers/python-database.js';
import { rejection } from '../helpers/rejection.js';
import { schemaOf } from '../helpers/schema-of.js';
import { unitOf } from '../helpers/units.js';

const EARLY = '2025-01-15T10:30:00.123Z';
const LATE = '2025-02-20T08:00:00.000Z';

for (const dialect of dialects) {
  describe(`botledger adopt on ${dialect}`, () => {
    let old: FreshDatabase;
    const run = (sql: string) => old.database.sequelize.query(sql);
    const select = (sql: string) => old.database.sequelize.query(sql, { type: QueryTypes.SELECT });

    beforeEach(async () => {
      old = await freshDatabase(dialect, { migrated: false });
      await makePythonDatabase(old.database);
    });
    afterEach(() => old.close());

    it('ends with exactly the schema of a new database, and its migrations done', async () => {
      await takeOver(old.database, { dryRun: false });
      const fresh = await freshDatabase(dialect);
      expect(await schemaOf(old.database)).to.deep.equal(await schemaOf(fresh.database));
      expect(await old.database.migrations().pending()).to.deep.equal([]);
      expect(await old.database.migrate()).to.deep.equal([]);
      await fresh.close();
    });

    it('keeps every row, merges duplicates, and reads naive times as UTC', async () => {
      const adopted = await takeOver(old.database, { dryRun: false });
      expect(
        Object.fromEntries((adopted ?? []).map(({ table, before, after }) => [table, [before, after]])),
      ).to.deep.equal({
        users: [2, 2],
        user_badges: [3, 2],
        bot_sessions: [1, 1],
        subscriptions: [5, 5],
        payments: [2, 2],
        promocodes: [1, 1],
        promocode_usage: [2, 1],
        free_trainings: [2, 1],
        training_history: [1, 1],
      });
      const { users, badges, sessions } = openRepositories(old.database);
      expect(await users.byTelegramId(123456)).to.include({
        registrationDate: EARLY,
        lastActivity: LATE,
        totalXp: 500,
      });
      expect(await users.byTelegramId(654321)).to.include({ registrationDate: LATE, firstName: 'Юля', totalScore: 0 });
      expect((await badges.byTelegramId(123456)).map(({ earnedAt, metadata }) => [earnedAt, metadata])).to.deep.equal([
        [EARLY, { score: 185 }],
        [LATE, null],
      ]);
      expect((await sessions.byTelegramId(123456, 'spin_bot')).session).to.deep.equal({ question_count: 5 });
    });

    it('leaves one active subscription of a kind, with all credits', async () => {
      await takeOver(old.database, { dryRun: false });
      const rows = await select('SELECT id, is_active, credits_left, credits_total FROM subscriptions ORDER BY id');
      const plain = rows.map((row) =>
        Object.values(row).map((value) => (typeof value === 'boolean' ? Number(value) : value)),
      );
      expect(plain).to.deep.equal([
        [1, 0, null, null],
        [2, 1, null, null],
        [3, 0, 2, 5],
        [4, 1, 12, 12],
        [5, 0, 1, 10],
      ]);
    });

    it('takes payments, codes and free trainings over so that our rules hold for them', async () => {
      await takeOver(old.database, { dryRun: false });
      expect(await select('SELECT payment_id, currency FROM payments ORDER BY id')).to.deep.equal([
        { payment_id: 'p-1', currency: 'RUB' },
        { payment_id: 'adopted-2', currency: 'RUB' },
      ]);
      expect(await select('SELECT code, max_uses, current_uses FROM promocodes')).to.deep.equal([
        { code: 'ЕЛКА2025', max_uses: 3, current_uses: 3 },
      ]);
      expect(await select('SELECT trainings_left FROM free_trainings')).to.deep.equal([{ trainings_left: 5 }]);
    });

    it('lets commits go on: new ids follow the old ones, ids may be larger than 32 bits', async () => {
      await takeOver(old.database, { dryRun: false });
      const committer = new Committer(old.database);
      const at = Date.UTC(2025, 2, 1);
      const results = await committer.commit([
        unitOf({ name: 'addXp', telegramId: 123456, xp: 50 }, { at }),
        unitOf({ name: 'addXp', telegramId: 7_000_000_000, xp: 50 }, { at }),
        unitOf({ name: 'createSubscription', telegramId: 123456, type: 'CREDITS', credits: 1 }, { at }),
      ]);
      expect(results.map(({ status }) => status)).to.deep.equal(['applied', 'applied', 'applied']);
      expect(results[2]).to.have.nested.property('outcomes[0].creditsLeft', 13);
      expect((await openRepositories(old.database).users.byTelegramId(123456))?.totalXp).to.equal(550);
    });

    it('books a refund of an old payment, and takes nothing back: what it granted is not known', async () => {
      await takeOver(old.database, { dryRun: false });
      const subscriptions = () => select('SELECT * FROM subscriptions ORDER BY id');
      const before = await subscriptions();
      const payment = { provider: 'yookassa', paymentId: 'p-1', amount: '990.50', tariff: 'month' };
      const refund = { name: 'recordPayment', telegramId: 123456, ...payment, status: 'REFUNDED' };
      const [result] = await new Committer(old.database).commit([unitOf(refund, { at: Date.UTC(2025, 2, 1) })]);
      expect(result).to.deep.equal({ status: 'applied', outcomes: [{ status: 'REFUNDED', applied: true }] });
      expect(await subscriptions()).to.deep.equal(before);
    });

    it('changes nothing in a dry run, and says what it would do', async () => {
      const before = await schemaOf(old.database);
      const adopted = await takeOver(old.database, { dryRun: true });
      expect(adopted?.find(({ table }) => table === 'user_badges')).to.include({ before: 3, after: 2 });
      expect(await schemaOf(old.database)).to.deep.equal(before);
      expect(await select('SELECT count(*) AS n FROM user_badges')).to.deep.equal([{ n: 3 }]);
    });

    it('has nothing to do a second time', async () => {
      await takeOver(old.database, { dryRun: false });
      expect(await takeOver(old.database, { dryRun: false })).to.equal(undefined);
    });

    it('refuses what it does not know, all at once, and changes nothing', async () => {
      await run('ALTER TABLE users ADD COLUMN favourite_colour VARCHAR(20)');
      await run('CREATE TABLE my_bot_data (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id))');
      await run('UPDATE users SET total_xp = -5 WHERE id = 3');
      const before = await schemaOf(old.database);
      const error = await rejection(takeOver(old.database, { dryRun: false }));
      expect(error).to.be.instanceOf(AdoptError);
      expect(error.message)
        .to.include('users: the column favourite_colour is not known')
        .and.include('my_bot_data: refers to a table that is to be adopted')
        .and.include('users: 1 rows have XP below 0');
      expect(await schemaOf(old.database)).to.deep.equal(before);
    });

    it('refuses codes that differ only in case, and changes nothing', async () => {
      await run("INSERT INTO promocodes VALUES (2, 'Елка2025', 'FREE_MONTH', 1, NULL, 0, NULL, NULL)");
      expect((await rejection(takeOver(old.database, { dryRun: false }))).message).to.include(
        'the same code but for their case',
      );
      expect(await select('SELECT count(*) AS n FROM user_badges')).to.deep.equal([{ n: 3 }]);
    });
  });
}

it('botledger adopt sends a new database to migrate', async () => {
  const fresh = await freshDatabase('sqlite', { migrated: false });
  expect((await rejection(takeOver(fresh.database, { dryRun: false }))).message).to.include('run `botledger migrate`');
  await fresh.close();
});
