import { expect } from 'chai';
import { addDays } from '../../src/domain/time.js';
import { openRepositories, type Repositories } from '../../src/repositories/index.js';
import {
  insertBadge,
  insertFreeTraining,
  insertLedgerRow,
  insertSession,
  insertSubscription,
  insertUser,
  NOON,
} from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';

for (const dialect of dialects) {
  describe(`reads on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let repositories: Repositories;
    const tomorrow = addDays(NOON, 1);

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      repositories = openRepositories(fresh.database);
    });
    afterEach(() => fresh.close());

    it('gives badges of all bots or of one, oldest first', async () => {
      const { badges } = repositories;
      const user = await insertUser(fresh.database);
      await insertBadge(fresh.database, user, { badgeType: 'quiz_guru', earnedInBot: 'quiz_bot', earnedAt: tomorrow });
      await insertBadge(fresh.database, user, { metadata: { score: 185 } });
      await insertBadge(fresh.database, await insertUser(fresh.database));

      const all = await badges.byTelegramId(user.telegramId);
      expect(all).to.deep.equal([
        { badgeType: 'spin_master', earnedInBot: 'spin_bot', earnedAt: NOON.toISOString(), metadata: { score: 185 } },
        { badgeType: 'quiz_guru', earnedInBot: 'quiz_bot', earnedAt: tomorrow.toISOString(), metadata: null },
      ]);
      expect(await badges.byTelegramId(user.telegramId, { bot: 'quiz_bot' })).to.deep.equal(all.slice(1));
      expect(await badges.count(user.telegramId)).to.equal(2);
      expect(await badges.count(user.telegramId, { bot: 'quiz_bot' })).to.equal(1);
      expect(await badges.has(user.telegramId, 'spin_master', 'spin_bot')).to.equal(true);
      expect(await badges.has(user.telegramId, 'spin_master', 'quiz_bot')).to.equal(false);
    });

    it('gives a stranger no badges, no access, no subscription and an empty session', async () => {
      const { badges, sessions, subscriptions } = repositories;
      expect(await badges.byTelegramId(1)).to.deep.equal([]);
      expect(await badges.count(1)).to.equal(0);
      expect(await subscriptions.checkAccess(1)).to.deep.equal({ hasAccess: false, accessType: null, details: {} });
      expect(await subscriptions.active(1)).to.equal(null);
      expect(await sessions.byTelegramId(1, 'spin_bot')).to.deep.equal({
        user: null,
        session: {},
        stats: {},
        sessionAt: null,
        statsAt: null,
      });
    });

    it('keeps the sessions of the bots apart', async () => {
      const user = await insertUser(fresh.database, { totalXp: 100 });
      await insertSession(fresh.database, user, { sessionData: { question_count: 5 }, statsData: { best_score: 185 } });

      const spin = await repositories.sessions.byTelegramId(user.telegramId, 'spin_bot');
      expect(spin).to.deep.include({ session: { question_count: 5 }, stats: { best_score: 185 } });
      const quiz = await repositories.sessions.byTelegramId(user.telegramId, 'quiz_bot');
      expect(quiz).to.deep.equal({ user: spin.user, session: {}, stats: {}, sessionAt: null, statsAt: null });
      expect(quiz.user).to.include({ totalXp: 100 });
    });

    it('finds access in a running subscription, then in credits, then in the oldest free trainings', async () => {
      const { subscriptions } = repositories;
      const user = await insertUser(fresh.database);
      const access = (at: Date) => subscriptions.checkAccess(user.telegramId, at);
      await insertFreeTraining(fresh.database, user, { source: 'ADMIN', trainingsLeft: 0 });
      await insertFreeTraining(fresh.database, user, { source: 'CHANNEL', trainingsLeft: 3 });
      expect(await access(NOON)).to.deep.equal({
        hasAccess: true,
        accessType: 'free_trainings',
        details: { source: 'CHANNEL', trainingsLeft: 3 },
      });

      const credits = await insertSubscription(fresh.database, user, { creditsLeft: 4 });
      expect(await access(NOON)).to.deep.equal({
        hasAccess: true,
        accessType: 'credits',
        details: { subscriptionType: 'CREDITS', creditsLeft: 4 },
      });
      expect(await subscriptions.active(user.telegramId, NOON)).to.deep.include({ id: credits.id, creditsLeft: 4 });

      await insertSubscription(fresh.database, user, { endDate: tomorrow });
      expect(await access(NOON)).to.deep.equal({
        hasAccess: true,
        accessType: 'subscription',
        details: { subscriptionType: 'MONTH', endDate: tomorrow.toISOString() },
      });
      expect(await access(tomorrow), 'at its very end').to.include({ accessType: 'credits' });
    });

    it('gives the subscription that is active', async () => {
      const user = await insertUser(fresh.database);
      const { subscriptions } = repositories;
      await insertSubscription(fresh.database, user, { isActive: false });
      expect(await subscriptions.active(user.telegramId, NOON)).to.equal(null);

      const { id } = await insertSubscription(fresh.database, user, { autoRenew: true });
      expect(await subscriptions.active(user.telegramId, NOON)).to.deep.equal({
        id,
        type: 'MONTH',
        startDate: NOON.toISOString(),
        endDate: addDays(NOON, 30).toISOString(),
        isActive: true,
        autoRenew: true,
        creditsTotal: null,
        creditsLeft: null,
      });
    });

    it('gives the outcomes of a key of a bot', async () => {
      const outcomes = [{ totalXp: 150, leveledUp: true }];
      await insertLedgerRow(fresh.database, { key: 'upd-1', outcomes });
      expect(await repositories.ledger.outcomes('spin_bot', 'upd-1')).to.deep.equal(outcomes);
      expect(await repositories.ledger.outcomes('quiz_bot', 'upd-1')).to.equal(null);
    });

    it('asks the database once per read', async () => {
      const user = await insertUser(fresh.database);
      await insertSession(fresh.database, user);
      let asked = 0;
      fresh.database.sequelize.options.logging = (sql) => {
        // What SQLite is asked about its own columns does not count.
        if (!sql.includes('PRAGMA')) asked++;
      };
      const { badges, sessions, subscriptions } = repositories;
      await sessions.byTelegramId(user.telegramId, 'spin_bot');
      await badges.byTelegramId(user.telegramId);
      await subscriptions.checkAccess(user.telegramId);
      expect(asked).to.equal(3);
    });
  });
}
