import { expect } from 'chai';
import { person } from '../helpers/telegram-account.js';
import { type ExampleBots, startExampleBots } from './example-bots.js';

const ann = person(501, 'Ann', 'ann');
const bob = person(502, 'Bob');

const rightAnswers = ['Canberra', '8', 'Mercury'];
const openQuestions = ['How do you work?', 'What gets in your way?', 'What does that cost you?'];

/** What Ann and Bob do in both bots, one thing after another. */
async function story(bots: ExampleBots): Promise<void> {
  const { training, quiz, fleet } = bots;
  await (await fleet.spin.createPromocode({ code: 'GIFT', type: 'CREDITS', value: 1 })).result();

  const write = async (bot: typeof training, user: typeof ann, ...texts: string[]) => {
    for (const text of texts) {
      bot.message(user, text);
      await bots.settled();
    }
  };
  const press = async (user: typeof ann, ...labels: string[]) => {
    for (const label of labels) {
      quiz.press(user, label);
      await bots.settled();
    }
  };

  await write(training, ann, '/start', '/train', ...openQuestions);
  await write(quiz, ann, '/start', '/quiz');
  await press(ann, ...rightAnswers);
  await write(quiz, ann, '/quiz');
  await write(training, ann, '/buy');
  await training.pay(ann, 'Five trainings');
  await bots.settled();
  await write(training, ann, '/train', 'It is slow.', 'Is it slow?', 'Why is it slow?');
  const month = await training.pay(ann, 'A month');
  await bots.settled();
  const next = training.renew(month);
  await bots.settled();
  training.notify(month);
  training.refund(next);
  await bots.settled();

  await write(quiz, bob, '/start', '/buy');
  await quiz.pay(bob, 'A year');
  await bots.settled();
  await write(quiz, bob, '/quiz');
  await press(bob, 'Sydney', '8', 'Venus');
  await write(training, bob, '/start', '/promo gift', '/promo GIFT', '/me', '/top', 'hello');
}

describe('The example bots', function () {
  this.timeout(120_000);
  let bots: ExampleBots;
  let afterStory: Record<string, unknown[]>;

  before(async () => {
    const quiet = await startExampleBots();
    await quiet.start('training');
    await quiet.start('quiz');
    await story(quiet);
    afterStory = await quiet.state();
    await quiet.close();
    expect(afterStory['failed']).to.deep.equal([]);
  });
  beforeEach(async () => {
    bots = await startExampleBots();
  });
  afterEach(() => bots.close());

  const userOf = async ({ id }: typeof ann) => {
    const { quiz, spin } = bots.fleet;
    const badges = (await quiz.getBadges(id)).map(({ badgeType, earnedInBot }) => `${badgeType} in ${earnedInBot}`);
    return { ...(await spin.getUser(id)), access: await quiz.checkAccess(id), badges };
  };

  it('share users, XP, badges and what was paid for', async () => {
    await bots.start('training');
    await bots.start('quiz');
    await story(bots);
    expect(bots.training.said(ann)).to.include.members([
      'That was it: 60 points. /train again? /me shows what you have.',
      'That was it: 30 points. /train again? /me shows what you have.',
    ]);
    expect(bots.quiz.said(ann).at(-1)).to.equal('No quizzes left: /buy, or /promo CODE.');
    expect(bots.training.said(bob)).to.include.members([
      'Done. /me shows what you have.',
      'That code does not work: already_used.',
      '1. Ann: 240 XP\n2. Bob: 50 XP',
    ]);
    expect(await userOf(ann)).to.deep.include({
      totalXp: 240,
      totalTrainings: 3,
      username: 'ann',
      badges: ['question_master in spin_bot', 'quiz_champion in quiz_bot'],
    });
    expect(await userOf(bob)).to.deep.include({ totalXp: 50, badges: [] });
  });

  describe('take payments', () => {
    const payments = async ({ id }: typeof ann) =>
      (await bots.fleet.spin.getPayments(id)).map(
        ({ amount, currency, tariff, status }) => `${amount} ${currency} for ${tariff}: ${status}`,
      );

    beforeEach(async () => {
      await bots.start('training');
      await bots.start('quiz');
      bots.training.message(ann, '/buy');
      bots.quiz.message(ann, '/buy');
      await bots.settled();
    });

    it('in Stars and in money, once each, however often Telegram tells of them', async () => {
      const credits = await bots.training.pay(ann, 'Five trainings');
      const year = await bots.quiz.pay(ann, 'A year');
      for (let again = 0; again < 3; again++) {
        bots.training.notify(credits);
        bots.quiz.notify(year);
      }
      await bots.settled();
      expect(await payments(ann)).to.have.members([
        '100.00 XTR for credits_5: COMPLETED',
        '4990.00 RUB for year: COMPLETED',
      ]);
      const { subscription } = await accessOf(ann);
      expect(subscription).to.include({ type: 'YEAR' });
      const rows = (await bots.state())['subscriptions'] as { granted: number }[];
      expect(rows.map(({ granted }) => granted).sort()).to.deep.equal([365, 5]);

      bots.training.refund(credits);
      for (let again = 0; again < 2; again++) bots.quiz.refund(year);
      await bots.settled();
      expect(await payments(ann)).to.have.members([
        '100.00 XTR for credits_5: REFUNDED',
        '4990.00 RUB for year: REFUNDED',
      ]);
      expect(await userOf(ann)).to.deep.include({ access: { hasAccess: false, accessType: null, details: {} } });
    });

    it('for a subscription that lasts until the moment that Telegram names, also when the bot hears of it days later', async () => {
      const late = 3 * 24 * 60 * 60;
      const first = await bots.training.pay(ann, 'A month', { late });
      await bots.settled();
      expect((await accessOf(ann)).subscription?.endDate).to.equal(bots.training.paidUntil(first).toISOString());
      const second = bots.training.renew(first);
      await bots.settled();
      expect((await accessOf(ann)).subscription?.endDate).to.equal(bots.training.paidUntil(second).toISOString());
      bots.training.refund(second);
      bots.training.notify(second);
      await bots.settled();
      expect(await payments(ann)).to.have.members([
        '250.00 XTR for month: COMPLETED',
        '250.00 XTR for month: REFUNDED',
      ]);
    });

    it('and no payment for what they do not sell any more', async () => {
      const stale = { invoice_payload: 'credits_5', currency: 'XTR', total_amount: 1 };
      expect(await bots.training.checkOut(ann, stale)).to.include({ ok: false });
      expect(await bots.quiz.checkOut(ann, { ...stale, invoice_payload: '__proto__' })).to.include({ ok: false });
    });

    const accessOf = async ({ id }: typeof ann) => ({
      subscription: await bots.fleet.spin.getActiveSubscription(id),
    });
  });

  describe('end as after one delivery', () => {
    for (const delivery of ['again', 'at once'] as const) {
      it(`when every update is delivered twice, ${delivery}`, async () => {
        bots.training.delivery = delivery;
        bots.quiz.delivery = delivery;
        await bots.start('training');
        await bots.start('quiz');
        await story(bots);
        expect(await bots.state()).to.deep.equal(afterStory);
      });
    }

    it('when two processes of each bot get every update', async () => {
      for (const name of ['training', 'quiz', 'training', 'quiz'] as const) await bots.start(name);
      await story(bots);
      expect(await bots.state()).to.deep.equal(afterStory);
    });

    it('when Telegram forgets what they confirmed, and delivers all of it again', async () => {
      await bots.start('training');
      await bots.start('quiz');
      await story(bots);
      bots.training.forgetOffset();
      bots.quiz.forgetOffset();
      await bots.settled();
      expect(await bots.state()).to.deep.equal(afterStory);
    });

    it('when answers to them get lost', async () => {
      await bots.start('training');
      await bots.start('quiz');
      for (const bot of [bots.training, bots.quiz]) {
        for (const method of ['sendMessage', 'answerCallbackQuery']) bot.loseAnswers(method, 5);
      }
      await story(bots);
      expect(await bots.state()).to.deep.equal(afterStory);
    });
  });

  describe('lose nothing and double nothing', () => {
    beforeEach(async () => {
      await bots.start('training');
      await bots.start('quiz');
      bots.training.message(ann, '/start');
      await bots.settled();
    });

    /** Kills a bot while Telegram has not answered its next call of a method, and starts it again. */
    async function killIn(name: 'training' | 'quiz', method: string, act: () => void) {
      const held = bots[name].hold(method);
      act();
      await held.called();
      await bots.kill(name);
      held.release();
      await bots.start(name);
      await bots.settled();
    }

    it('when they are killed after an access was used and before the answer', async () => {
      await killIn('training', 'sendMessage', () => bots.training.message(ann, '/train'));
      expect(bots.training.said(ann).at(-1)).to.match(/^Your client runs a warehouse/);
      expect((await userOf(ann)).access.details).to.include({ trainingsLeft: 1 });
    });

    it('when they are killed after an answer was saved, and before it was confirmed', async () => {
      bots.training.message(ann, '/train');
      await bots.settled();
      for (const text of openQuestions) {
        await killIn('training', 'getUpdates', () => bots.training.message(ann, text));
        const [before, after] = bots.training.said(ann).slice(-2);
        expect(after, 'the answer to the second delivery').to.equal(before);
      }
      expect(bots.training.said(ann).at(-1)).to.match(/^That was it: 60 points/);
      expect(await userOf(ann)).to.deep.include({
        totalXp: 60,
        totalTrainings: 1,
        badges: ['question_master in spin_bot'],
      });
    });

    it('when they are killed after a quiz was rewarded and before the answer', async () => {
      bots.quiz.message(ann, '/quiz');
      await bots.settled();
      for (const label of rightAnswers.slice(0, 2)) {
        bots.quiz.press(ann, label);
        await bots.settled();
      }
      await killIn('quiz', 'sendMessage', () => bots.quiz.press(ann, 'Mercury'));
      expect(bots.quiz.said(ann).at(-1)).to.match(/^That was it: 150 points/);
      expect(await userOf(ann)).to.deep.include({
        totalXp: 150,
        totalTrainings: 1,
        badges: ['quiz_champion in quiz_bot'],
      });
    });

    it('when somebody writes and presses faster than they answer', async () => {
      for (const text of ['/train', ...openQuestions]) bots.training.message(ann, text);
      bots.quiz.message(ann, '/quiz');
      await bots.settled();
      for (const label of rightAnswers) {
        for (let tap = 0; tap < 3; tap++) bots.quiz.press(ann, label);
        await bots.settled();
      }
      expect(await userOf(ann)).to.deep.include({
        totalXp: 60 + 150,
        totalTrainings: 2,
        badges: ['question_master in spin_bot', 'quiz_champion in quiz_bot'],
      });
    });

    it('when both are at work about the same people at once, in two processes each', async () => {
      await bots.start('training');
      await bots.start('quiz');
      const people = Array.from({ length: 10 }, (_, index) => person(600 + index, `Person ${index}`));
      for (const [training, quiz] of [
        ['/start', '/start'],
        ['/train', '/quiz'],
      ] as const) {
        for (const each of people) {
          bots.training.message(each, training);
          bots.quiz.message(each, quiz);
        }
        await bots.settled();
      }
      for (const round of [0, 1, 2]) {
        for (const each of people) {
          bots.training.message(each, openQuestions[round] as string);
          bots.quiz.press(each, rightAnswers[round] as string);
        }
        await bots.settled();
      }
      for (const each of people) {
        expect(await userOf(each)).to.deep.include({ totalXp: 210, totalTrainings: 2 });
        expect((await userOf(each)).access).to.deep.include({ hasAccess: false });
      }
    });

    it('when nothing is applied for a while: they go on, and charge once whoever asks twice', async () => {
      bots.training.message(ann, '/train');
      await bots.settled();
      await bots.stopApplying();
      for (const text of openQuestions) bots.training.message(ann, text);
      await bots.training.says(ann, 'That was it: 60 points.');
      for (const bot of [bots.training, bots.quiz]) bot.message(ann, bot === bots.quiz ? '/quiz' : '/train');
      for (const bot of [bots.training, bots.quiz]) await bot.says(ann, 'This takes longer than usual');
      await bots.startApplying();
      for (const bot of [bots.training, bots.quiz]) bot.message(ann, bot === bots.quiz ? '/quiz' : '/train');
      await bots.settled();
      // One training was left, for whichever bot asked first.
      const last = [bots.training.said(ann).at(-1), bots.quiz.said(ann).at(-1)];
      expect(last.filter((text) => /left: \/buy/.test(text ?? ''))).to.have.lengthOf(1);
      expect(await userOf(ann)).to.deep.include({ totalXp: 60, totalTrainings: 1 });
    });

    for (const name of ['training', 'quiz'] as const) {
      it(`when the ledger is away: the ${name} bot stops, and does what it could not do when it is started again`, async () => {
        await bots.kill(name);
        const cutOff = await bots.start(name, { REDIS_URL: 'redis://127.0.0.1:9' });
        bots[name].message(bob, '/start');
        expect(await cutOff.exited, cutOff.output()).to.equal(1);
        expect((await userOf(bob)).access).to.include({ hasAccess: false });
        await bots.kill(name);
        await bots.start(name);
        await bots.settled();
        expect((await userOf(bob)).access.details).to.include({ trainingsLeft: 2 });
      });
    }
  });

  it('understand what is no promocode', async () => {
    await bots.start('training');
    await bots.start('quiz');
    for (const bot of [bots.training, bots.quiz]) bot.message(ann, '/promo two words');
    await bots.settled();
    for (const bot of [bots.training, bots.quiz]) expect(bot.said(ann)).to.deep.equal(['I do not understand that.']);
  });

  it('end cleanly', async () => {
    for (const name of ['training', 'quiz'] as const) {
      const process = await bots.start(name);
      await bots[name].handled();
      process.signal('SIGTERM');
      expect(await process.exited, process.output()).to.equal(0);
    }
  });
});
