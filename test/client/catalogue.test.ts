import { expect } from 'chai';
import { type BotLedger, ValidationError } from '../../src/index.js';
import type { JobData } from '../../src/operations/unit.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { rejection } from '../helpers/rejection.js';

const scores = { totalScore: 185, clarityLevel: 92, questionCount: 8, contextualQuestions: 3 };
const payment = { provider: 'yookassa', paymentId: 'p-1', amount: '990', tariff: 'month' } as const;

describe('The methods of a bot for trainings, payments, promocodes and deletion', () => {
  let bot: TestBot;
  let ledger: BotLedger;
  beforeEach(async () => {
    bot = await startBot();
    ledger = bot.ledger;
  });
  afterEach(() => bot.close());

  const operations = async () =>
    (await bot.jobs.queue.getWaiting()).flatMap(({ data }) =>
      (data as JobData).units.flatMap((unit) => unit.operations),
    );

  it('answer typed outcomes', async () => {
    await bot.startWorker();
    const training = await (await ledger.saveTrainingHistory(7, { ...scores, trainingDate: new Date() })).result();
    expect(training.trainingId satisfies number).to.be.a('number');
    const completed = await (await ledger.completeTraining(7, { score: 185 })).result();
    expect(completed.newLevel satisfies number).to.equal(2);

    await (await ledger.awardBadge(7, { badgeType: 'guru' })).result();
    const badge = await (await ledger.revokeBadge(7, { badgeType: 'guru' })).result();
    expect(badge.revoked satisfies boolean).to.equal(true);

    const paid = await (await ledger.recordPayment(7, { ...payment, status: 'COMPLETED' })).result();
    expect(paid.status satisfies 'PENDING' | 'COMPLETED' | 'FAILED' | 'REFUNDED').to.equal('COMPLETED');
    expect(paid.subscriptionId satisfies number | undefined).to.be.a('number');
    const unknown = { ...payment, paymentId: 'p-2', tariff: 'unheard-of', status: 'COMPLETED' } as const;
    const warned = await (await ledger.recordPayment(7, unknown)).result();
    expect(warned.warning satisfies string | undefined).to.match(/^unknown tariff/);
    const cancelled = await (await ledger.cancelSubscription(7)).result();
    expect(cancelled.cancelled satisfies boolean).to.equal(false);

    const code = { code: 'new', type: 'CREDITS', value: 2, expiresAt: new Date(Date.now() + 60_000) } as const;
    expect((await (await ledger.createPromocode(code)).result()).created satisfies boolean).to.equal(true);
    const redeemed = await (await ledger.redeemPromocode(7, { code: ' NEW ' })).result();
    expect(redeemed).to.deep.equal({ redeemed: true, granted: { type: 'CREDITS', value: 2 } });
    const again = await (await ledger.redeemPromocode(7, { code: 'NEW' })).result();
    expect(again.redeemed || again.reason).to.equal('already_used');

    const deleted = await (await ledger.deleteUser(7)).result();
    expect(deleted.deleted satisfies boolean).to.equal(true);
  });

  it('name the user first, and createPromocode names none', async () => {
    await ledger.createPromocode({ code: 'NEW', type: 'TRAININGS', value: 3 }, { key: 'code-1' });
    await ledger.redeemPromocode(7, { code: 'NEW' }, { key: 'redeem-1' });
    await ledger.deleteUser(7, {}, { key: 'delete-7' });
    expect(await operations()).to.deep.equal([
      { name: 'createPromocode', code: 'NEW', type: 'TRAININGS', value: 3 },
      { name: 'redeemPromocode', telegramId: 7, code: 'NEW' },
      { name: 'deleteUser', telegramId: 7 },
    ]);
  });

  it('send moments as text, so that the unit is the same after Redis', async () => {
    const trainingDate = new Date('2026-01-15T12:00:00.000Z');
    await ledger.saveTrainingHistory(7, { ...scores, trainingDate });
    expect((await operations())[0]).to.include({ trainingDate: trainingDate.toISOString() });
  });

  it('stand in a unit as well', async () => {
    await bot.startWorker();
    const receipt = await ledger.unit({ key: 'upd-1' }, (unit) => {
      unit.createPromocode({ code: 'NEW', type: 'TRAININGS', value: 3 });
      unit.redeemPromocode(7, { code: 'NEW' });
      unit.completeTraining(7, { score: 5 });
    });
    const [created, redeemed, completed] = await receipt.result();
    expect([created, redeemed]).to.deep.equal([
      { created: true },
      { redeemed: true, granted: { type: 'TRAININGS', value: 3 } },
    ]);
    expect(completed).to.include({ totalXp: 5 });
  });

  it('deletes a user by itself: among other operations it is refused before anything is sent', async () => {
    const refused = await rejection(
      ledger.unit({}, (unit) => {
        unit.addXp(7, { xp: 5 });
        unit.deleteUser(7);
      }),
    );
    expect(refused).to.be.instanceOf(ValidationError);
    expect(refused.message).to.equal('operations[1] deleteUser: must be the only operation of its unit');
    expect(await operations()).to.deep.equal([]);
  });

  it('refuse what does not fit: the compiler does, and for those who have none, the method', async () => {
    const completed = { ...payment, status: 'COMPLETED' } as const;
    for (const call of [
      // @ts-expect-error a code belongs to nobody
      () => ledger.createPromocode(7, { code: 'NEW', type: 'TRAININGS', value: 3 }),
      // @ts-expect-error nor does it stand among its fields
      () => ledger.createPromocode({ telegramId: 7, code: 'NEW', type: 'TRAININGS', value: 3 }),
      // @ts-expect-error whose code?
      () => ledger.redeemPromocode({ code: 'NEW' }),
      // @ts-expect-error a number would lose cents
      () => ledger.recordPayment(7, { ...completed, amount: 990 }),
      // @ts-expect-error no such status
      () => ledger.recordPayment(7, { ...completed, status: 'PAID' }),
      // @ts-expect-error which score?
      () => ledger.completeTraining(7),
      // @ts-expect-error no such type
      () => ledger.cancelSubscription(7, { type: 'WEEK' }),
      // @ts-expect-error a moment is text or a Date
      () => ledger.saveTrainingHistory(7, { ...scores, trainingDate: 1_768_478_400_000 }),
      // @ts-expect-error which user?
      () => ledger.deleteUser(),
      // @ts-expect-error what else goes is for the installation to say
      () => ledger.deleteUser(7, { keepPayments: false }),
      // @ts-expect-error in a unit neither
      () => ledger.unit({}, (unit) => unit.createPromocode(7, { code: 'NEW', type: 'TRAININGS', value: 3 })),
    ]) {
      const error = await rejection((call as () => Promise<unknown>)());
      expect(error, call.toString()).to.be.instanceOf(ValidationError);
    }
    expect(await operations()).to.deep.equal([]);
  });
});
