import { expect } from 'chai';
import { insertSubscription, insertUser } from '../../factories.js';
import type { Fleet } from '../fleet.js';
import { type Case, type Cases, outcome } from './case.js';

const subscription =
  (type: 'MONTH' | 'YEAR' | 'CREDITS'): Case =>
  async ({ spin, someone }) => {
    const telegramId = someone();
    await outcome(spin.createSubscription(telegramId, type === 'CREDITS' ? { type, credits: 1 } : { type }));
    expect(await spin.getActiveSubscription(telegramId)).to.include({ type });
  };

/** One notification after the other; the last is what the payment ends in. */
const payment =
  (...statuses: ('PENDING' | 'COMPLETED' | 'FAILED' | 'REFUNDED')[]): Case =>
  async ({ spin, someone }) => {
    const telegramId = someone();
    const about = { provider: 'yookassa', paymentId: `p-${telegramId}`, amount: '990', tariff: 'month' };
    for (const status of statuses) {
      expect(await outcome(spin.recordPayment(telegramId, { ...about, status }))).to.include({ status, applied: true });
    }
    const status = statuses.at(-1) as string;
    expect((await spin.getPayments(telegramId))[0]).to.include({ status });
    expect((await spin.checkAccess(telegramId)).hasAccess).to.equal(status === 'COMPLETED');
  };

const promocode =
  (type: 'TRAININGS' | 'FREE_MONTH' | 'CREDITS', accessType: string): Case =>
  async ({ spin, someone }) => {
    const telegramId = someone();
    await spin.createPromocode({ code: `FOR-${telegramId}`, type, value: 2 });
    const answer = await outcome(spin.redeemPromocode(telegramId, { code: `for-${telegramId}` }));
    expect(answer).to.deep.equal({ redeemed: true, granted: { type, value: 2 } });
    expect(await spin.checkAccess(telegramId)).to.include({ accessType });
  };

const freeTrainings =
  (source: 'CHANNEL' | 'PROMOCODE' | 'ADMIN'): Case =>
  async ({ spin, someone }) => {
    const telegramId = someone();
    await outcome(spin.addFreeTrainings(telegramId, { count: 1, source }));
    expect((await spin.checkAccess(telegramId)).details).to.deep.equal({ trainingsLeft: 1, source });
  };

const DAY_MS = 24 * 60 * 60 * 1000;

/** In how many days a subscription ends. */
const daysTo = (endDate: string | null) => Math.round((Date.parse(endDate ?? '') - Date.now()) / DAY_MS);

async function awardedAtOnce({ spin, someone }: Fleet): Promise<void> {
  const telegramId = someone();
  const awards = [1, 2, 3, 4].map(() => outcome(spin.awardBadge(telegramId, { badgeType: 'spin_master' })));
  expect((await Promise.all(awards)).filter(({ awarded }) => awarded)).to.have.lengthOf(1);
  expect(await spin.getBadges(telegramId)).to.have.lengthOf(1);
}

export const rules: Cases = {
  Enums: {
    'SubscriptionType.MONTH': subscription('MONTH'),
    'SubscriptionType.YEAR': subscription('YEAR'),
    'SubscriptionType.CREDITS': subscription('CREDITS'),
    'PaymentStatus.PENDING': payment('PENDING'),
    'PaymentStatus.COMPLETED': payment('PENDING', 'COMPLETED'),
    'PaymentStatus.FAILED': payment('PENDING', 'FAILED'),
    'PaymentStatus.REFUNDED': payment('COMPLETED', 'REFUNDED'),
    'PromocodeType.TRAININGS': promocode('TRAININGS', 'free_trainings'),
    'PromocodeType.FREE_MONTH': promocode('FREE_MONTH', 'subscription'),
    'PromocodeType.CREDITS': promocode('CREDITS', 'credits'),
    'FreeTrainingSource.CHANNEL': freeTrainings('CHANNEL'),
    'FreeTrainingSource.PROMOCODE': freeTrainings('PROMOCODE'),
    'FreeTrainingSource.ADMIN': freeTrainings('ADMIN'),
  },

  'What the old module got wrong': {
    async 'Two level-ups at once'({ spin, quiz, someone }) {
      const telegramId = someone();
      const levels = [{ level: 2, minXp: 100 }];
      const answers = await Promise.all(
        [spin, quiz, spin, quiz].map((bot) => outcome(bot.addXp(telegramId, { xp: 30, levels }))),
      );
      expect(answers.filter(({ leveledUp }) => leveledUp)).to.have.lengthOf(1);
      expect(await spin.getUser(telegramId)).to.include({ totalXp: 120, level: 2 });
    },
    async 'A write for an unknown user'({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.addScore(telegramId, { score: 40 }));
      expect(await spin.getUser(telegramId)).to.include({ telegramId, totalScore: 40 });
    },
    async 'An expired subscription'({ spin, someone, database }) {
      const telegramId = someone();
      // Still marked active, as the old module left it.
      await insertSubscription(database, await insertUser(database, { telegramId }), { endDate: new Date(0) });
      expect(await spin.checkAccess(telegramId)).to.include({ hasAccess: false });
      expect(await outcome(spin.consumeAccess(telegramId))).to.include({ granted: false });
      expect(await spin.getActiveSubscription(telegramId)).to.equal(null);
    },
    async 'One credit, two requests'({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.createSubscription(telegramId, { type: 'CREDITS', credits: 1 }));
      const asked = [1, 2].map(() => outcome(spin.consumeAccess(telegramId)));
      expect((await Promise.all(asked)).filter(({ granted }) => granted)).to.have.lengthOf(1);
    },
    async 'A purchase while a subscription runs'({ spin, someone }) {
      const telegramId = someone();
      await outcome(spin.createSubscription(telegramId, { type: 'MONTH' }));
      const { endDate } = await outcome(spin.createSubscription(telegramId, { type: 'YEAR' }));
      expect(daysTo(endDate)).to.equal(30 + 365);
      await outcome(spin.createSubscription(telegramId, { type: 'CREDITS', credits: 5 }));
      const more = await outcome(spin.createSubscription(telegramId, { type: 'CREDITS', credits: 3 }));
      expect(more.creditsLeft).to.equal(8);
    },
    async 'A Telegram id above 2,147,483,647'({ spin }) {
      await outcome(spin.touchUser(Number.MAX_SAFE_INTEGER));
      expect(await spin.getUser(Number.MAX_SAFE_INTEGER)).to.include({ telegramId: 9_007_199_254_740_991 });
    },
    'The same badge awarded twice at once': awardedAtOnce,
    async 'A crash in the middle of update_user_stats_after_training'({ spin, someone, database }) {
      const telegramId = someone();
      await outcome(spin.touchUser(telegramId));
      const fails = `CREATE TRIGGER no_stats BEFORE INSERT ON bot_sessions WHEN NEW.user_id =
        (SELECT id FROM users WHERE telegram_id = ${telegramId}) BEGIN SELECT RAISE(ABORT, 'crash'); END`;
      await database.sequelize.query(fails);
      const failure = await outcome(spin.completeTraining(telegramId, { score: 185 })).catch((error: Error) => error);
      await database.sequelize.query('DROP TRIGGER no_stats');
      expect(failure).to.be.instanceOf(Error);
      expect(await spin.getUser(telegramId)).to.include({ totalXp: 0, totalScore: 0, totalTrainings: 0 });
    },
  },
};
