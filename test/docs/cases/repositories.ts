import { expect } from 'chai';
import { type Case, type Cases, outcome } from './case.js';

const rank: Case = async ({ spin, someone }) => {
  const telegramId = someone();
  expect(await spin.getRank(telegramId)).to.equal(null);
  await outcome(spin.touchUser(telegramId));
  expect(await spin.getRank(telegramId)).to.be.greaterThan(0);
};

const award: Case = async ({ spin, someone }) => {
  const telegramId = someone();
  await outcome(spin.awardBadge(telegramId, { badgeType: 'first_training', metadata: { streak: 5 } }));
  expect((await spin.getBadges(telegramId))[0]).to.deep.include({
    badgeType: 'first_training',
    earnedInBot: 'spin_bot',
    metadata: { streak: 5 },
  });
  expect(await outcome(spin.revokeBadge(telegramId, { badgeType: 'first_training' }))).to.include({ revoked: true });
};

const ownSession: Case = async ({ spin, quiz, someone }) => {
  const telegramId = someone();
  expect((await spin.getUserSession(telegramId)).session).to.deep.equal({});
  await outcome(spin.saveSession(telegramId, { session: { step: 1 } }));
  expect((await spin.getUserSession(telegramId)).session).to.deep.equal({ step: 1 });
  expect((await quiz.getUserSession(telegramId)).session).to.deep.equal({});
};

/** Saves something on top of `{ old: true }` twice, and reads what is there. */
const saving =
  (parts: { session?: object; stats?: object }): Case =>
  async ({ spin, someone }) => {
    const telegramId = someone();
    const old = { session: { old: true }, stats: { old: true } };
    await outcome(spin.saveSession(telegramId, old));
    expect(await outcome(spin.saveSession(telegramId, parts as typeof old))).to.deep.equal({ saved: true });
    expect(await spin.getUserSession(telegramId)).to.deep.include({ ...old, ...parts });
  };

export const repositories: Cases = {
  UserRepository: {
    async get_or_create({ spin, someone }) {
      const telegramId = someone();
      const john = { username: 'johndoe', firstName: 'John' };
      expect(await outcome(spin.touchUser(telegramId, john))).to.deep.equal({ created: true });
      expect(await outcome(spin.touchUser(telegramId, john))).to.deep.equal({ created: false });
      expect(await spin.getUser(telegramId)).to.include({ ...john, totalXp: 0, level: 1 });
    },
    async get_by_telegram_id({ spin, someone }) {
      const telegramId = someone();
      expect(await spin.getUser(telegramId)).to.equal(null);
      await outcome(spin.touchUser(telegramId));
      expect(await spin.getUser(telegramId)).to.include({ telegramId });
    },
    async get_by_id({ repositories: { users }, spin, someone }) {
      await outcome(spin.touchUser(someone()));
      expect(await users.byId(1)).to.have.property('telegramId');
      expect(await users.byId(1_000_000)).to.equal(null);
    },
    async add_xp({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.addXp(telegramId, { xp: 100 }));
      expect(await spin.getUser(telegramId)).to.include({ totalXp: 100, level: 2 });
    },
    async update_level({ spin, someone }) {
      const telegramId = someone();
      expect(await outcome(spin.setLevel(telegramId, { level: 5 }))).to.deep.equal({ oldLevel: 1, newLevel: 5 });
      expect(await spin.getUser(telegramId)).to.include({ level: 5 });
    },
    async increment_training_count({ spin, someone }) {
      const telegramId = someone();
      await spin.incrementTrainings(telegramId);
      expect(await outcome(spin.incrementTrainings(telegramId))).to.deep.equal({ totalTrainings: 2 });
    },
    add_score: async ({ spin, someone }) =>
      expect(await outcome(spin.addScore(someone(), { score: 40 }))).to.deep.equal({ totalScore: 40 }),
    async get_leaderboard({ spin, someone }) {
      await outcome(spin.touchUser(someone()));
      const all = await spin.getLeaderboard({ limit: 100, offset: 0 });
      expect(all.map(({ totalXp }) => totalXp)).to.deep.equal(all.map(({ totalXp }) => totalXp).sort((a, b) => b - a));
    },
    get_user_rank: rank,
    async count_total_users({ spin, someone }) {
      const before = await spin.countUsers();
      await outcome(spin.touchUser(someone()));
      expect(await spin.countUsers()).to.equal(before + 1);
    },
  },

  BadgeRepository: {
    award_badge: award,
    award_badge_by_telegram_id: award,
    async get_user_badges({ spin, quiz, someone }) {
      const telegramId = someone();
      for (const bot of [spin, quiz]) await outcome(bot.awardBadge(telegramId, { badgeType: 'guru' }));
      const ofQuiz = await spin.getBadges(telegramId, { bot: 'quiz_bot' });
      expect(ofQuiz.map(({ earnedInBot }) => earnedInBot)).to.deep.equal(['quiz_bot']);
    },
    async has_badge({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.awardBadge(telegramId, { badgeType: 'guru' }));
      expect(await spin.hasBadge(telegramId, 'guru')).to.equal(true);
      expect(await spin.hasBadge(telegramId, 'guru', { bot: 'quiz_bot' })).to.equal(false);
    },
    async count_user_badges({ spin, someone, apiUrl, spinToken }) {
      const telegramId = someone();
      await outcome(spin.awardBadge(telegramId, { badgeType: 'guru' }));
      const headers = { authorization: `Bearer ${spinToken}` };
      const response = await fetch(`${apiUrl}/v1/users/${telegramId}/badges/count`, { headers });
      expect(await response.json()).to.deep.equal({ count: (await spin.getBadges(telegramId)).length });
    },
  },

  SessionRepository: {
    get_or_create: ownSession,
    get_by_telegram_id: ownSession,
    update_session: saving({ session: { step: 2 } }),
    update_stats: saving({ stats: { best: 9 } }),
    update_both: saving({ session: { step: 2 }, stats: { best: 9 } }),
    async reset_session({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.saveSession(telegramId, { session: { step: 2 }, stats: { best: 9 } }));
      await outcome(spin.resetSession(telegramId));
      expect(await spin.getUserSession(telegramId)).to.deep.include({ session: {}, stats: { best: 9 } });
      await outcome(spin.resetSession(telegramId, { keepStats: false }));
      expect(await spin.getUserSession(telegramId)).to.deep.include({ session: {}, stats: {} });
    },
  },

  SubscriptionRepository: {
    async get_active_subscription({ spin, someone }) {
      const telegramId = someone();
      expect(await spin.getActiveSubscription(telegramId)).to.equal(null);
      await outcome(spin.createSubscription(telegramId, { type: 'YEAR' }));
      expect(await spin.getActiveSubscription(telegramId)).to.include({ type: 'YEAR', isActive: true });
    },
    async create_subscription({ spin, someone }) {
      const telegramId = someone();
      const credits = await outcome(spin.createSubscription(telegramId, { type: 'CREDITS', credits: 5 }));
      expect(credits).to.include({ creditsLeft: 5, endDate: null });
      await outcome(spin.createSubscription(telegramId, { type: 'MONTH', durationDays: 7, autoRenew: true }));
      expect(await outcome(spin.cancelSubscription(telegramId))).to.deep.equal({ cancelled: true });
      expect(await spin.getActiveSubscription(telegramId)).to.include({ type: 'MONTH', autoRenew: false });
    },
    async check_access({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.createSubscription(telegramId, { type: 'CREDITS', credits: 5 }));
      const details = { subscriptionType: 'CREDITS', creditsLeft: 5 };
      expect(await spin.checkAccess(telegramId)).to.deep.equal({ hasAccess: true, accessType: 'credits', details });
    },
    async consume_access({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.createSubscription(telegramId, { type: 'CREDITS', credits: 1 }));
      const used = { granted: true, accessType: 'credits', left: 0 };
      expect(await outcome(spin.consumeAccess(telegramId))).to.deep.equal(used);
      expect(await outcome(spin.consumeAccess(telegramId))).to.include({ granted: false });
    },
    async add_free_trainings({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.addFreeTrainings(telegramId, { count: 2, source: 'ADMIN' }));
      const more = spin.addFreeTrainings(telegramId, { count: 3, source: 'ADMIN' });
      expect(await outcome(more)).to.deep.equal({ added: true, trainingsLeft: 5 });
      expect((await spin.exportUser(telegramId)).freeTrainings).to.have.lengthOf(1);
    },
  },
};
