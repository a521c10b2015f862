import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';
import { exportView } from '../../src/domain/export-view.js';
import { addDays } from '../../src/domain/time.js';
import {
  DeletedUser,
  IdempotencyKeyUser,
  PromocodeUsage,
  SubscriptionReminder,
  type User,
} from '../../src/models/index.js';
import { ExportRepository } from '../../src/repositories/export.js';
import {
  insertBadge,
  insertEvent,
  insertFreeTraining,
  insertLedgerRow,
  insertPayment,
  insertPromocode,
  insertSession,
  insertSubscription,
  insertTraining,
  insertUser,
  NOON,
} from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';

/** Tables that hold nothing about anybody, or nothing that is not in another. */
const IMPERSONAL = /^(SequelizeMeta|promocodes|rank_.*)$/;

for (const dialect of dialects) {
  describe(`the export on ${dialect}`, () => {
    let fresh: FreshDatabase;
    const telegramId = 7_000_000_001;
    const exported = () => new ExportRepository(fresh.database).byTelegramId(telegramId);

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
    });
    afterEach(() => fresh.close());

    it('holds a row of every table that is about a user', async () => {
      const user = await insertUser(fresh.database, { telegramId, username: 'johndoe' });
      await insertEverything(fresh.database, user);
      for (const table of await personalTables(fresh.database)) {
        const [row] = await fresh.database.sequelize.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`, {
          type: QueryTypes.SELECT,
        });
        expect(row?.n, `${table} has no row: insert one, and see that the export holds it`).to.be.at.least(1);
      }

      const all = await exported();
      expect(exportView.parse(all)).to.deep.equal(all);
      expect(all).to.deep.include({ telegramId, deletedAt: addDays(NOON, -30).toISOString() });
      expect(all.user).to.include({ username: 'johndoe' });
      expect(all.sessions.map(({ bot, session }) => [bot, session])).to.deep.equal([
        ['spin_bot', { step: 5 }],
        ['quiz_bot', { step: 6 }],
      ]);
      expect(all.badges).to.have.nested.property('[0].badgeType', 'spin_master');
      expect(all.subscriptions).to.have.length(2);
      expect(all.subscriptions[0]).to.deep.include({
        type: 'MONTH',
        reminders: [{ days: 3, remindedAt: NOON.toISOString() }],
      });
      expect(all.payments).to.have.nested.property('[0].amount', '990.00');
      expect(all.promocodes).to.deep.equal([{ code: 'NEWYEAR2025', usedAt: NOON.toISOString() }]);
      expect(all.freeTrainings).to.have.nested.property('[0].trainingsLeft', 3);
      expect(all.trainings).to.have.nested.property('[0].totalScore', 185);
      expect(all.events).to.deep.equal([
        {
          bot: null,
          type: 'badge.awarded',
          payload: { badgeType: 'spin_master' },
          createdAt: NOON.toISOString(),
        },
      ]);
      expect(all.units.map(({ bot, key }) => [bot, key])).to.deep.equal([
        ['quiz_bot', 'shared'],
        ['spin_bot', 'own'],
      ]);
    });

    it('for one bot holds the sessions and units of that bot only, and all that bots share', async () => {
      await insertEverything(fresh.database, await insertUser(fresh.database, { telegramId }));
      const all = await exported();
      for (const bot of ['spin_bot', 'quiz_bot']) {
        const own = await new ExportRepository(fresh.database).byTelegramId(telegramId, bot);
        const ofBot = ({ bot: whose }: { bot: string }) => whose === bot;
        expect({ ...own, exportedAt: all.exportedAt }).to.deep.equal({
          ...all,
          sessions: all.sessions.filter(ofBot),
          units: all.units.filter(ofBot),
        });
      }
    });

    it('holds nothing of anybody else', async () => {
      await insertEverything(fresh.database, await insertUser(fresh.database, { telegramId: 1 }));
      await insertUser(fresh.database, { telegramId });
      const { telegramId: _, exportedAt, user, ...rest } = await exported();
      expect(user).to.include({ telegramId });
      expect(Date.parse(exportedAt)).to.be.closeTo(Date.now(), 10_000);
      const nothing = { sessions: [], badges: [], subscriptions: [], payments: [], promocodes: [], freeTrainings: [] };
      expect(rest).to.deep.equal({ deletedAt: null, ...nothing, trainings: [], events: [], units: [] });
    });

    it('of a stranger is empty', async () => {
      expect(await exported()).to.deep.include({ user: null, deletedAt: null, sessions: [], payments: [], units: [] });
    });

    it('is of one moment, while others write', async () => {
      const user = await insertUser(fresh.database, { telegramId });
      let writing = true;
      const write = async () => {
        while (writing) {
          await fresh.database.transaction(async (session) => {
            const p = session.dialect === 'postgres' ? '$1' : '?1';
            // XP and badges grow together.
            await session.query({ name: 'xp', text: `UPDATE users SET total_xp = total_xp + 1 WHERE id = ${p}` }, [
              user.id,
            ]);
            const badge = `INSERT INTO user_badges (user_id, badge_type, earned_in_bot, earned_at)
              SELECT id, total_xp, 'spin_bot', registration_date FROM users WHERE id = ${p}`;
            await session.query({ name: 'badge', text: badge }, [user.id]);
          });
        }
      };
      const writer = write();
      for (let index = 0; index < 20; index++) {
        const { user: seen, badges } = await exported();
        expect(badges).to.have.length(seen?.totalXp ?? -1);
      }
      writing = false;
      await writer;
    });
  });
}

async function insertEverything(database: Database, user: User): Promise<void> {
  const { telegramId } = user;
  await insertSession(database, user, { sessionData: { step: 5 } });
  await insertSession(database, user, { sessionData: { step: 6 }, botName: 'quiz_bot' });
  await insertBadge(database, user);
  const { id: subscriptionId } = await insertSubscription(database, user);
  await insertSubscription(database, user, { creditsLeft: 4 });
  await insertPayment(database, user, { subscriptionId });
  const { id: promocodeId } = await insertPromocode(database);
  await insertFreeTraining(database, user);
  await insertTraining(database, user);
  await insertEvent(database, user, { botName: null });
  await insertLedgerRow(database, { telegramId, key: 'own', createdAt: addDays(NOON, 1) });
  await insertLedgerRow(database, { telegramId: 2, key: 'shared', botName: 'quiz_bot' });
  await insertLedgerRow(database, { telegramId: 2, key: "somebody else's" });
  const create = (model: Parameters<typeof database.sequelize.getRepository>[0], row: object) =>
    database.sequelize.getRepository(model).create(row as never);
  await create(IdempotencyKeyUser, { botName: 'quiz_bot', key: 'shared', telegramId });
  await create(PromocodeUsage, { promocodeId, userId: user.id, usedAt: NOON });
  await create(SubscriptionReminder, { subscriptionId, days: 3, remindedAt: NOON });
  await create(DeletedUser, { telegramId, deletedAt: addDays(NOON, -30) });
}

async function personalTables({ sequelize }: Database): Promise<string[]> {
  const tables = await sequelize.getQueryInterface().showAllTables();
  return tables.filter((table) => !IMPERSONAL.test(table));
}
