import { expect } from 'chai';
import { BotLedger } from '../../../src/index.js';
import { type Cases, outcome } from './case.js';

const scores = { clarityLevel: 92, questionCount: 8, contextualQuestions: 3 };
const levels = [
  { level: 1, minXp: 0 },
  { level: 2, minXp: 100 },
];

export const service: Cases = {
  'database.py': {
    init_db: async ({ database }) => expect(await database.migrations().pending()).to.deep.equal([]),
    get_session: async ({ spin, someone }) => expect(await spin.getUser(someone())).to.equal(null),
    async close_db({ redisUrl, spin, someone, apiUrl, spinToken }) {
      const telegramId = someone();
      const ledger = new BotLedger({ bot: 'spin_bot', redisUrl, apiUrl, apiToken: spinToken });
      const { key } = await ledger.addXp(telegramId, { xp: 5 }, { key: 'before-closing' });
      await ledger.close();
      expect(await outcome(spin.addXp(telegramId, { xp: 5 }, { key }))).to.include({ totalXp: 5 });
    },
  },

  DatabaseService: {
    DatabaseService: async ({ spin, quiz }) => expect([spin.bot, quiz.bot]).to.deep.equal(['spin_bot', 'quiz_bot']),
    async get_user_session({ spin, someone }) {
      const read = await spin.getUserSession(someone(), { username: 'johndoe', firstName: 'John' });
      expect(read.user).to.include({ username: 'johndoe', firstName: 'John', totalXp: 0, level: 1 });
      expect([read.session, read.stats]).to.deep.equal([{}, {}]);
    },
    async save_session({ spin, someone }) {
      const telegramId = someone();
      const [session, stats] = [{ question_count: 5 }, { best_score: 185 }];
      await outcome(spin.saveSession(telegramId, { session, stats }));
      const late = { at: Date.now() - 60_000 };
      expect(await outcome(spin.saveSession(telegramId, { session: {}, stats: {} }, late))).to.include({
        saved: false,
      });
      expect(await spin.getUserSession(telegramId)).to.deep.include({ session, stats });
    },
    async reset_session({ spin, someone }) {
      const telegramId = someone();
      const [session, stats] = [{ scenario: 'spin_sales' }, { best_score: 185 }];
      await outcome(spin.saveSession(telegramId, { session: { question_count: 5 }, stats }));
      await outcome(spin.resetSession(telegramId, { session }));
      expect(await spin.getUserSession(telegramId)).to.deep.include({ session, stats });
    },
    async add_xp_and_check_level_up({ spin, someone }) {
      const answer = await outcome(spin.addXp(someone(), { xp: 150, levels }));
      expect(answer).to.deep.equal({ leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 150 });
    },
    async award_badge({ spin, someone }) {
      const telegramId = someone();
      const badge = { badgeType: 'spin_master', metadata: { score: 185 } };
      expect(await outcome(spin.awardBadge(telegramId, badge))).to.include({ awarded: true });
      expect(await outcome(spin.awardBadge(telegramId, badge))).to.include({ awarded: false });
    },
    async get_user_badges({ spin, quiz, someone }) {
      const telegramId = someone();
      await outcome(spin.awardBadge(telegramId, { badgeType: 'spin_master' }));
      await outcome(quiz.awardBadge(telegramId, { badgeType: 'quiz_guru' }));
      expect(await spin.getBadges(telegramId)).to.have.lengthOf(2);
      expect((await quiz.getBadges(telegramId, { bot: 'quiz_bot' })).map(({ badgeType }) => badgeType)).to.deep.equal([
        'quiz_guru',
      ]);
    },
    async save_training_history({ spin, someone }) {
      const telegramId = someone();
      const { trainingId } = await outcome(spin.saveTrainingHistory(telegramId, { totalScore: 185, ...scores }));
      const { trainings } = await spin.getTrainingHistory(telegramId);
      expect(trainings[0]).to.include({ id: trainingId, totalScore: 185, ...scores });
    },
    async get_user_training_history({ spin, someone }) {
      const telegramId = someone();
      await outcome(
        spin.unit({}, (unit) => {
          for (const totalScore of [1, 2, 3]) unit.saveTrainingHistory(telegramId, { totalScore, ...scores });
        }),
      );
      const { trainings, next } = await spin.getTrainingHistory(telegramId, { limit: 2 });
      expect(trainings.map(({ totalScore }) => totalScore)).to.deep.equal([3, 2]);
      const rest = await spin.getTrainingHistory(telegramId, { limit: 2, before: next as string });
      expect(rest.trainings.map(({ totalScore }) => totalScore)).to.deep.equal([1]);
    },
    async check_access({ spin, someone }) {
      const telegramId = someone();
      expect(await spin.checkAccess(telegramId)).to.deep.equal({ hasAccess: false, accessType: null, details: {} });
      await outcome(spin.addFreeTrainings(telegramId, { count: 3, source: 'CHANNEL' }));
      expect(await spin.checkAccess(telegramId)).to.deep.equal({
        hasAccess: true,
        accessType: 'free_trainings',
        details: { trainingsLeft: 3, source: 'CHANNEL' },
      });
    },
    async create_subscription({ spin, someone }) {
      const telegramId = someone();
      const { subscriptionId } = await outcome(
        spin.createSubscription(telegramId, { type: 'MONTH', durationDays: 30 }),
      );
      expect(await spin.getActiveSubscription(telegramId)).to.include({ id: subscriptionId, type: 'MONTH' });
    },
    async add_free_trainings({ spin, someone }) {
      const telegramId = someone();
      const gift = { count: 3, source: 'CHANNEL', once: true } as const;
      expect(await outcome(spin.addFreeTrainings(telegramId, gift))).to.deep.equal({ added: true, trainingsLeft: 3 });
      expect(await outcome(spin.addFreeTrainings(telegramId, gift))).to.deep.equal({ added: false, trainingsLeft: 3 });
    },
    async update_user_stats_after_training({ spin, someone }) {
      const telegramId = someone();
      const answer = await outcome(spin.completeTraining(telegramId, { score: 185, levels }));
      expect(answer).to.deep.equal({ leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 185 });
      const { user, stats } = await spin.getUserSession(telegramId);
      expect(user).to.include({ totalTrainings: 1, totalScore: 185 });
      expect(stats).to.include({ total_trainings: 1, best_score: 185 });
    },
    async get_leaderboard({ spin, someone }) {
      const [first, second] = [someone(), someone()];
      for (const telegramId of [first, second]) await outcome(spin.addXp(telegramId, { xp: 900_000_000 }));
      const ids = (await spin.getLeaderboard({ limit: 2 })).map(({ telegramId }) => telegramId);
      expect(ids, 'equals by who was there first').to.deep.equal([first, second]);
      expect((await spin.getLeaderboard({ limit: 1, offset: 1 }))[0]).to.include({ telegramId: second, rank: 2 });
    },
    async get_user_rank({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.addXp(telegramId, { xp: 500 }));
      const rank = (await spin.getRank(telegramId)) as number;
      expect((await spin.getLeaderboard({ limit: 1, offset: rank - 1 }))[0]).to.include({ telegramId, rank });
    },
  },
};
