import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ApiError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { QUIZ_TOKEN, SPIN_TOKEN, startTestApi, type TestApi } from '../api/harness.js';
import {
  insertBadge,
  insertFreeTraining,
  insertPayment,
  insertPromocode,
  insertSession,
  insertSubscription,
  insertTraining,
  insertUser,
} from '../factories.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';

const telegramId = 7_000_000_001;
const later = { endDate: new Date('2099-01-01T00:00:00Z') };

describe('Reads of the SDK', () => {
  let api: TestApi;
  let bot: TestBot;

  before(async () => {
    api = await startTestApi();
    const user = await insertUser(api.database, { telegramId, username: 'ann', firstName: 'Ann', totalXp: 150 });
    await insertUser(api.database, { telegramId: 2, totalXp: 500 });
    await insertBadge(api.database, user, { badgeType: 'spin_master', metadata: { score: 185 } });
    await insertBadge(api.database, user, { badgeType: 'guru', earnedInBot: 'quiz_bot' });
    await insertSession(api.database, user, { sessionData: { step: 5 }, statsData: { best: 9 } });
    await insertSubscription(api.database, user, later);
    await insertFreeTraining(api.database, await insertUser(api.database, { telegramId: 3 }));
    await insertPayment(api.database, user, { amount: '1490.00' });
    await insertPromocode(api.database, { code: 'ЁЛКА' });
    for (const totalScore of [1, 2, 3]) await insertTraining(api.database, user, { totalScore });
  });
  after(() => api.close());
  beforeEach(async () => {
    bot = await startBot({ apiUrl: `${api.url}/`, apiToken: SPIN_TOKEN });
  });
  afterEach(() => bot.close());

  const touches = async () => (await bot.jobs.queue.getWaiting()).map(({ data }) => data.units[0].operations[0]);

  it("give a user with this bot's session and stats", async () => {
    const { user, session, stats } = await bot.ledger.getUserSession<{ step: number }>(telegramId);
    expect(user).to.include({ telegramId, username: 'ann', totalXp: 150 });
    expect(session.step).to.equal(5);
    expect(stats).to.deep.equal({ best: 9 });
    const quiz = bot.open({ bot: 'quiz_bot', apiToken: QUIZ_TOKEN });
    expect((await quiz.getUserSession(telegramId)).session).to.deep.equal({});
    expect(await touches()).to.deep.equal([]);
  });

  it('write the profile on the way when it differs from what is stored, and answer the new one', async () => {
    const { user } = await bot.ledger.getUserSession(telegramId, { username: 'anna', firstName: 'Ann' });
    expect(user).to.include({ username: 'anna', firstName: 'Ann' });
    expect(await touches()).to.deep.equal([{ name: 'touchUser', telegramId, username: 'anna', firstName: 'Ann' }]);
  });

  it('write nothing for a profile that is stored already, or that Telegram left out', async () => {
    const update: { username?: string } = {};
    const profile = { username: update.username, firstName: 'Ann', lastName: null } as object;
    const { user } = await bot.ledger.getUserSession(telegramId, profile);
    expect(user).to.include({ username: 'ann', firstName: 'Ann', lastName: null });
    expect(await touches()).to.deep.equal([]);
  });

  it('give a stranger as they will start, and have them created', async () => {
    const { user, session, stats } = await bot.ledger.getUserSession(404, { firstName: 'New' });
    expect(user).to.include({ telegramId: 404, firstName: 'New', username: null, totalXp: 0, level: 1 });
    expect([session, stats]).to.deep.equal([{}, {}]);
    expect(await touches()).to.deep.equal([{ name: 'touchUser', telegramId: 404, firstName: 'New' }]);
  });

  it('answer also while Redis is away; the profile goes with the next call', async () => {
    const redis = await startRedis();
    const alone = bot.open({ redisUrl: redis.url });
    await redis.stop();
    const { user, session } = await alone.getUserSession(telegramId, { username: 'anna' });
    expect([user.username, session]).to.deep.equal(['anna', { step: 5 }]);

    const { ledger } = bot;
    await ledger.getUserSession(telegramId, { username: 'anna' });
    expect(await touches()).to.deep.equal([{ name: 'touchUser', telegramId, username: 'anna' }]);
    await redis.close();
  });

  it('give users, badges, access, subscription, rank, leaderboard and number of users', async () => {
    const { ledger } = bot;
    expect(await ledger.getUser(telegramId)).to.include({ telegramId, totalXp: 150 });
    expect((await ledger.getBadges(telegramId)).map(({ badgeType }) => badgeType)).to.deep.equal([
      'spin_master',
      'guru',
    ]);
    expect(await ledger.getBadges(telegramId, { bot: 'quiz_bot' })).to.have.lengthOf(1);
    expect(await ledger.hasBadge(telegramId, 'guru')).to.equal(true);
    expect(await ledger.hasBadge(telegramId, 'guru', { bot: 'spin_bot' })).to.equal(false);
    expect(await ledger.checkAccess(telegramId)).to.include({ hasAccess: true, accessType: 'subscription' });
    expect(await ledger.checkAccess(3)).to.deep.include({ hasAccess: true, accessType: 'free_trainings' });
    expect(await ledger.getActiveSubscription(telegramId)).to.include({ type: 'MONTH', isActive: true });
    expect(await ledger.getRank(telegramId)).to.equal(2);
    expect((await ledger.getLeaderboard({ limit: 2 })).map(({ rank, totalXp }) => [rank, totalXp])).to.deep.equal([
      [1, 500],
      [2, 150],
    ]);
    expect((await ledger.getLeaderboard({ limit: 1, offset: 1 })).map(({ rank }) => rank)).to.deep.equal([2]);
    expect(await ledger.countUsers()).to.equal(3);
  });

  it('count badges, of all bots or of one, of all types or of one', async () => {
    const { ledger } = bot;
    expect(await ledger.countBadges(telegramId)).to.equal(2);
    expect(await ledger.countBadges(telegramId, { bot: 'quiz_bot' })).to.equal(1);
    expect(await ledger.getBadges(telegramId, { type: 'guru' })).to.have.lengthOf(1);
  });

  it('give trainings page by page, payments, promocodes, and everything at once', async () => {
    const { ledger } = bot;
    const { trainings, next } = await ledger.getTrainingHistory(telegramId, { limit: 2 });
    expect(trainings.map(({ totalScore }) => totalScore)).to.deep.equal([3, 2]);
    const last = await ledger.getTrainingHistory(telegramId, { limit: 2, before: next });
    expect(last.trainings.map(({ totalScore }) => totalScore)).to.deep.equal([1]);
    expect(last.next).to.equal(null);
    expect((await ledger.getTrainingHistory(telegramId)).trainings).to.have.lengthOf(3);

    expect((await ledger.getPayments(telegramId)).map(({ amount }) => amount)).to.deep.equal(['1490.00']);
    expect(await ledger.getPromocode('ёлка')).to.include({ code: 'ЁЛКА', state: 'valid', value: 5 });
    expect(await ledger.getPromocode('none')).to.equal(null);
    const all = await ledger.exportUser(telegramId);
    expect(all.user).to.include({ telegramId });
    expect([all.badges.length, all.trainings.length, all.payments.length]).to.deep.equal([2, 3, 1]);
  });

  it('give nothing for a stranger', async () => {
    const { ledger } = bot;
    expect(await ledger.getTrainingHistory(404)).to.deep.equal({ trainings: [], next: null });
    expect(await ledger.getPayments(404)).to.deep.equal([]);
    expect(await ledger.exportUser(404)).to.deep.include({ telegramId: 404, user: null, sessions: [] });
    expect(await ledger.getUser(404)).to.equal(null);
    expect(await ledger.getBadges(404)).to.deep.equal([]);
    expect(await ledger.hasBadge(404, 'guru')).to.equal(false);
    expect(await ledger.checkAccess(404)).to.deep.equal({ hasAccess: false, accessType: null, details: {} });
    expect(await ledger.getActiveSubscription(404)).to.equal(null);
    expect(await ledger.getRank(404)).to.equal(null);
  });
});

describe('A read that cannot be answered is an ApiError', () => {
  let opened: Closable[];
  beforeEach(() => {
    opened = [];
  });
  afterEach(() => closeAll(opened));

  async function errorWith(options: { apiUrl?: string; apiToken?: string }): Promise<ApiError> {
    const bot = await startBot(options);
    opened.push(bot);
    const errors = [await rejection(bot.ledger.getUserSession(1)), await rejection(bot.ledger.getBadges(1))];
    for (const error of errors) expect(error).to.be.instanceOf(ApiError);
    expect(await bot.jobs.queue.getWaitingCount(), 'nothing is written').to.equal(0);
    return errors[1] as ApiError;
  }

  it('when no address was given', async () => {
    const error = await errorWith({});
    expect(error.status).to.equal(0);
    expect(error.message).to.match(/give apiUrl and apiToken/);
  });

  it('when nobody listens there', async () => {
    const error = await errorWith({ apiUrl: 'http://127.0.0.1:1' });
    expect(error.status).to.equal(0);
    expect(error.message).to.match(/did not answer: check apiUrl/);
  });

  it('when the token is wrong or missing', async () => {
    const api = await startTestApi();
    opened.push(api);
    expect((await errorWith({ apiUrl: api.url, apiToken: 'wrong' })).status).to.equal(401);
    expect((await errorWith({ apiUrl: api.url })).status).to.equal(401);
  });

  it('when the address leads elsewhere, which must not pass for a user nobody knows', async () => {
    const api = await startTestApi();
    opened.push(api);
    expect((await errorWith({ apiUrl: `${api.url}/elsewhere`, apiToken: SPIN_TOKEN })).status).to.equal(404);
  });

  it('when what answers is no API', async () => {
    const server = createServer((_, response) => response.end('<h1>Welcome</h1>')).listen(0, '127.0.0.1');
    opened.push({ close: async () => void server.close() });
    await new Promise((resolve) => server.once('listening', resolve));
    const error = await errorWith({ apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect(error.message).to.match(/^200 is no JSON: check apiUrl/);
    server.closeAllConnections();
  });
});
