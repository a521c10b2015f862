import { existsSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { IdempotencyConflictError } from '../../src/index.js';
import { startTestLedger, type TestLedger } from '../../src/testing.js';
import { rejection } from '../helpers/rejection.js';

describe('startTestLedger()', () => {
  let ledger: TestLedger;

  before(async () => {
    ledger = await startTestLedger();
  });
  after(() => ledger.close());

  it('applies what bots enqueue, and reads everything that was', async () => {
    const [spin, quiz] = [ledger.bot('spin_bot'), ledger.bot('quiz_bot')];
    expect(await ledger.user(7)).to.equal(null);
    await spin.touchUser(7, { username: 'ann' });
    await spin.saveSession(7, { session: { step: 1 }, stats: { best: 2 } });
    await spin.awardBadge(7, { badgeType: 'guru' });
    await spin.createSubscription(7, { type: 'CREDITS', credits: 2 });
    await spin.recordPayment(7, { provider: 'p', paymentId: '1', amount: '9.90', tariff: 'month', status: 'PENDING' });
    await spin.createPromocode({ code: 'new', type: 'CREDITS', value: 1 });
    const training = { totalScore: 5, clarityLevel: 1, questionCount: 2, contextualQuestions: 0 };
    await spin.saveTrainingHistory(7, training);
    await quiz.addXp(7, { xp: 150 }, { key: 'upd-1' });
    await ledger.drain();

    expect(await ledger.user(7)).to.include({ username: 'ann', totalXp: 150, level: 2 });
    expect(await ledger.session('spin_bot', 7)).to.deep.equal({ session: { step: 1 }, stats: { best: 2 } });
    expect(await ledger.session('quiz_bot', 7)).to.deep.equal({ session: {}, stats: {} });
    expect((await ledger.badges(7)).map(({ badgeType }) => badgeType)).to.deep.equal(['guru']);
    expect(await ledger.access(7)).to.include({ hasAccess: true, accessType: 'credits' });
    expect(await ledger.subscription(7)).to.include({ type: 'CREDITS', creditsLeft: 2 });
    expect((await ledger.payments(7)).map(({ amount }) => amount)).to.deep.equal(['9.90']);
    expect((await ledger.trainings(7)).map(({ totalScore }) => totalScore)).to.deep.equal([5]);
    expect(await ledger.promocode('NEW')).to.include({ type: 'CREDITS', value: 1 });
    expect((await ledger.outcomes('quiz_bot', 'upd-1'))?.[0]).to.include({ leveledUp: true, newLevel: 2 });
    expect(await spin.getUser(7)).to.include({ totalXp: 150 });
  });

  it('drains what many units left, however they were packed', async () => {
    const bot = ledger.bot('spin_bot');
    await Promise.all(Array.from({ length: 1_000 }, () => bot.addXp(8, { xp: 1 })));
    await ledger.drain();
    expect(await ledger.user(8)).to.include({ totalXp: 1_000 });
  });

  it('says once, and with the reason, which units failed', async () => {
    const bot = ledger.bot('spin_bot');
    await bot.addXp(9, { xp: 1 }, { key: 'upd-2' });
    await bot.addXp(9, { xp: 2 }, { key: 'upd-2' });
    const error = (await rejection(ledger.drain())) as AggregateError;
    expect(error.message).to.match(/^A unit failed:\n {2}addXp "upd-2": IdempotencyConflictError: /);
    expect(error.errors).to.have.lengthOf(1);
    expect(error.errors[0]).to.be.instanceOf(IdempotencyConflictError);
    await ledger.drain();
    expect(await ledger.user(9)).to.include({ totalXp: 1 });
  });

  it('says which units failed that will be tried again, without waiting for that', async () => {
    const about = { provider: 'p', paymentId: 'refused', tariff: 'month', status: 'PENDING' } as const;
    const bot = ledger.bot('spin_bot');
    await bot.recordPayment(10, { ...about, amount: '1', currency: 'RUB' });
    await bot.recordPayment(10, { ...about, amount: '1', currency: 'USD' });
    expect((await rejection(ledger.drain())).message).to.match(/^A unit failed:\n {2}recordPayment ".+": .*currency/i);
    await ledger.drain();
  });

  it('says how many jobs still wait when it takes too long', async () => {
    const connection = new Redis(ledger.redisUrl);
    const queue = new Queue('botledger', { connection });
    await queue.pause();
    await ledger.bot('spin_bot').addXp(11, { xp: 1 });
    expect((await rejection(ledger.drain({ timeoutMs: 50 }))).message).to.contain('1 jobs still wait after 50 ms');
    await queue.resume();
    await ledger.drain();
    await queue.close();
    connection.disconnect();
  });

  it('says what to do where no Redis is installed, and leaves nothing behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'botledger-'));
    const { PATH, TMPDIR } = process.env;
    Object.assign(process.env, { PATH: '', TMPDIR: directory });
    const error = await rejection(startTestLedger());
    Object.assign(process.env, { PATH });
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
    expect(error.message).to.match(/^Neither redis-server nor valkey-server is on PATH\. Install one/);
    expect(readdirSync(directory)).to.deep.equal([]);
    rmdirSync(directory);
  });

  it('removes everything when it is closed, and two do not meet', async () => {
    const other = await startTestLedger();
    const redis = new Redis(other.redisUrl);
    const [, directory = ''] = (await redis.config('GET', 'dir')) as string[];
    redis.disconnect();
    expect(existsSync(directory)).to.equal(true);
    await other.bot('spin_bot').addXp(12, { xp: 1 });
    await other.drain();
    expect(await ledger.user(12)).to.equal(null);
    await other.close();
    expect(existsSync(directory)).to.equal(false);
  });
});
