import { expect } from 'chai';
import { BotLedger, UserDeletedError } from '../../../src/index.js';
import { rejection } from '../../helpers/rejection.js';
import { until } from '../../helpers/until.js';
import type { Fleet } from '../fleet.js';
import { runExample } from '../programs.js';
import { type Case, type Cases, outcome } from './case.js';

/** Runs an example for somebody new; answers who it was and what was printed. */
async function run(name: string, fleet: Fleet, telegramId = fleet.someone()) {
  const { spin: ledger, redisUrl, apiUrl, spinToken, quizToken } = fleet;
  const given = { BotLedger, ledger, telegramId, redisUrl, apiUrl, spinToken, quizToken };
  return { telegramId, printed: await runExample(name, given) };
}

const example =
  (number: number, check: (telegramId: number, printed: string[], fleet: Fleet) => Promise<unknown>): Case =>
  async (fleet, row) => {
    expect(row).to.equal(`example ${number}`);
    const { telegramId, printed } = await run(row, fleet);
    await check(telegramId, printed, fleet);
  };

export const examples: Cases = {
  Examples: {
    '1. A new user': example(1, async (telegramId, printed, { spin }) => {
      expect(printed).to.deep.equal([`User created: ${telegramId}, XP: 0, Level: 1`]);
      await until(() => spin.getUser(telegramId), { what: 'the user is there' });
      expect(await spin.getUser(telegramId)).to.include({ username: 'johndoe', firstName: 'John' });
    }),
    '2. A session': example(2, async (telegramId, _, { spin }) => {
      const session = { question_count: 5, clarity_level: 75 };
      const stored = async () => (await spin.getUserSession(telegramId)).session['question_count'] === 5;
      await until(stored, { what: 'the session is there' });
      expect(await spin.getUserSession(telegramId)).to.deep.include({ session, stats: {} });
    }),
    '3. XP and level up': example(3, async (telegramId, printed, { spin }) => {
      expect(printed).to.deep.equal(['🎊 Level up! 1 → 2']);
      expect(await spin.getUser(telegramId)).to.include({ totalXp: 150, level: 2 });
    }),
    '4. A badge': example(4, async (telegramId, printed, fleet) => {
      expect(printed).to.deep.equal(['🏆 Awarded!', '- spin_master (from spin_bot)']);
      const again = await run('example 4', fleet, telegramId);
      expect(again.printed).to.deep.equal(['The user has it already', '- spin_master (from spin_bot)']);
    }),
    '5. Training history': example(5, async (telegramId, printed, { spin }) => {
      const [training] = (await spin.getTrainingHistory(telegramId)).trainings;
      expect(printed).to.deep.equal([`Training ${training?.trainingDate}: 185 points`]);
      expect(training).to.deep.include({ clarityLevel: 92, sessionSnapshot: { full: 'session', data: 'here' } });
    }),
    '6. XP across bots': example(6, async (_, printed) => {
      expect(printed).to.deep.equal([
        'XP in the quiz bot (shared): 100',
        'Level in the quiz bot (shared): 2',
        'Session in the quiz bot (its own): {}',
      ]);
    }),
  },

  FAQ: {
    async 'How does XP across bots work?'({ spin, quiz, someone }) {
      const telegramId = someone();
      for (const bot of [spin, quiz]) {
        await outcome(
          bot.unit({}, (unit) => {
            unit.addXp(telegramId, { xp: 100 });
            unit.saveSession(telegramId, { session: { of: bot.bot } });
          }),
        );
      }
      for (const bot of [spin, quiz]) {
        const { user, sessions } = await bot.exportUser(telegramId);
        expect(user).to.include({ totalXp: 200 });
        expect(sessions.map(({ session }) => session['of'])).to.deep.equal([bot.bot]);
      }
    },
    'SQLite?': async ({ database, databaseUrl }) =>
      expect([database.dialect, databaseUrl.startsWith('sqlite:')]).to.deep.equal(['sqlite', true]),
    'A new field on User?': async (_, row) => expect(row).to.include('extending.md#a-column-on-users'),
    'A model of one bot?': async (_, row) => expect(row).to.include('extending.md#a-table-of-your-bot'),
    async 'Delete everything of a user?'({ spin, someone }) {
      const telegramId = someone();
      const at = Date.now();
      await outcome(spin.awardBadge(telegramId, { badgeType: 'spin_master' }));
      const about = { provider: 'yookassa', paymentId: 'p-deleted', amount: '990', tariff: 'month' };
      await outcome(spin.recordPayment(telegramId, { ...about, status: 'COMPLETED' }));
      expect(await outcome(spin.deleteUser(telegramId))).to.deep.equal({ deleted: true });
      const late = outcome(spin.addXp(telegramId, { xp: 5 }, { at }));
      expect(await rejection(late)).to.be.instanceOf(UserDeletedError);
      const { user, badges, payments, sessions } = await spin.exportUser(telegramId);
      expect({ user, badges, payments, sessions }).to.deep.equal({
        user: null,
        badges: [],
        payments: [],
        sessions: [],
      });
    },
  },
};
