import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Committer } from '../../src/commit/committer.js';
import { HotUsers } from '../../src/commit/hot-users.js';
import { Database } from '../../src/database.js';
import { HotSessions } from '../../src/hot/sessions.js';
import type { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { checkUnit } from '../../src/operations/unit.js';
import { QUIZ_TOKEN, SPIN_TOKEN, startTestApi, type TestApi } from '../api/harness.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startWorker } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';

describe('The user beside a hot session', () => {
  let api: TestApi;
  let bot: TestBot;
  let ledger: BotLedger;
  let redis: Redis;
  let worker: Closable | undefined;
  let telegramId = 100;

  before(async () => {
    const redisUrl = await freshRedisUrl();
    redis = new Redis(redisUrl);
    api = await startTestApi({ redisUrl, dialect: 'postgres' });
    bot = await startBot({ redisUrl, apiUrl: api.url, apiToken: SPIN_TOKEN });
    ledger = bot.ledger;
  });
  after(() => closeAll([{ close: () => redis.quit() }, api, bot]));

  beforeEach(async () => {
    telegramId++;
    worker = await startWorker(api.database, bot.redisUrl);
    await (await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} })).result();
  });
  afterEach(() => stopWorker());

  async function stopWorker(): Promise<void> {
    await worker?.close();
    worker = undefined;
  }

  const hash = () => `botledger:sessions:${telegramId}`;
  const addXp = async (xp: number, by = ledger) => (await by.addXp(telegramId, { xp })).result();
  const shown = async (by = ledger) => {
    const { user, userIsCurrent } = await by.getUserSession(telegramId);
    return [user.totalXp, userIsCurrent];
  };

  /** How often this process asked Redis for something meanwhile. */
  async function commandsOf(work: () => Promise<unknown>): Promise<number> {
    const { sendCommand } = Redis.prototype;
    let commands = 0;
    Redis.prototype.sendCommand = function (...args) {
      // By this one, receipts hear of outcomes.
      if (args[0].name !== 'xread') commands++;
      return sendCommand.apply(this, args);
    };
    try {
      await work();
      return commands;
    } finally {
      Redis.prototype.sendCommand = sendCommand;
    }
  }

  /** How often this process asked the API for something meanwhile. */
  async function requestsOf(work: () => Promise<unknown>): Promise<number> {
    const { fetch } = globalThis;
    let requests = 0;
    globalThis.fetch = (...args) => {
      requests++;
      return fetch(...args);
    };
    try {
      await work();
      return requests;
    } finally {
      globalThis.fetch = fetch;
    }
  }

  it('comes with it in one command of Redis and without the API, and saving takes two', async () => {
    await ledger.getUserSession(telegramId);
    await stopWorker();
    const read = () => ledger.getUserSession(telegramId);
    expect(await requestsOf(async () => expect(await commandsOf(read)).to.equal(1))).to.equal(0);
    expect(await commandsOf(() => ledger.saveSession(telegramId, { session: { step: 2 } }))).to.be.at.most(2);
    const { user, session, userIsCurrent } = await read();
    expect([user, session, userIsCurrent]).to.deep.equal([await ledger.getUser(telegramId), { step: 2 }, true]);
  });

  it('shows what is committed when its receipt says so, without the API and in every bot', async () => {
    const quiz = bot.open({ bot: 'quiz_bot', apiToken: QUIZ_TOKEN });
    for (const each of [ledger, quiz]) await each.getUserSession(telegramId);
    const requests = await requestsOf(async () => {
      for (let times = 1; times <= 10; times++) {
        await addXp(5);
        for (const each of [ledger, quiz]) expect(await shown(each)).to.deep.equal([5 * times, true]);
      }
    });
    expect(requests).to.equal(0);
    expect((await ledger.getUserSession(telegramId)).user).to.deep.equal(await ledger.getUser(telegramId));
  });

  it('is the newest when two workers commit at once', async () => {
    const [second, other] = [await startWorker(api.database, bot.redisUrl), bot.open()];
    await ledger.getUserSession(telegramId);
    const requests = await requestsOf(async () => {
      for (let round = 1; round <= 10; round++) {
        await Promise.all([addXp(1), addXp(1), addXp(1, other), addXp(1, other)]);
        expect(await shown()).to.deep.equal([4 * round, true]);
      }
    });
    expect(requests).to.equal(0);
    await second.close();
  });

  it('is shown by the next worker when one died between its commit and that', async () => {
    await ledger.getUserSession(telegramId);
    await stopWorker();
    const receipt = await ledger.addXp(telegramId, { xp: 5 });
    const [job] = await bot.jobs.queue.getWaiting();
    await new Committer(api.database).commit([checkUnit(job?.data.units[0])]);
    worker = await startWorker(api.database, bot.redisUrl);
    await receipt.result();
    expect(await requestsOf(async () => expect(await shown()).to.deep.equal([5, true]))).to.equal(0);
  });

  it('goes when the user is deleted, and starts anew with one who returns', async () => {
    await addXp(5);
    expect(await shown()).to.deep.equal([5, true]);
    await (await ledger.deleteUser(telegramId)).result();
    expect(await redis.hmget(hash(), 'user', 'user@')).to.deep.equal([null, null]);
    expect(await shown()).to.deep.equal([0, true]);
    await addXp(7);
    expect(await requestsOf(async () => expect(await shown()).to.deep.equal([7, true]))).to.equal(0);
  });

  it('is a newcomer until something of them is committed', async () => {
    await stopWorker();
    telegramId++;
    await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} });
    for (const times of [1, 2]) {
      const { user, userIsCurrent } = await ledger.getUserSession(telegramId, { firstName: 'Ann' });
      expect([times, user.firstName, user.level, userIsCurrent]).to.deep.equal([times, 'Ann', 1, true]);
    }
    worker = await startWorker(api.database, bot.redisUrl);
    await addXp(5);
    expect((await ledger.getUserSession(telegramId)).user).to.include({ firstName: 'Ann', totalXp: 5 });
  });

  it('is asked from the API by who reads after a unit', async () => {
    await ledger.getUserSession(telegramId);
    const receipt = await ledger.addXp(telegramId, { xp: 5 });
    await receipt.result();
    const requests = await requestsOf(async () => {
      expect((await ledger.getUserSession(telegramId, {}, { after: receipt })).user.totalXp).to.equal(5);
    });
    expect(requests).to.equal(1);
  });

  it('comes with the next commit where a bot has no API', async () => {
    const alone = bot.open({ apiUrl: '' });
    expect(await shown(alone)).to.deep.equal([0, false]);
    await addXp(5);
    expect(await shown(alone)).to.deep.equal([5, true]);
  });

  it('is left to the next reader while the database is away', async () => {
    await ledger.getUserSession(telegramId);
    const away = new Database({ url: 'postgres://nobody@127.0.0.1:1/nothing' });
    const users = new HotUsers(away, new HotSessions(redis), createLogger('test', 'silent'));
    await users.show([telegramId]);
    expect(await redis.hget(hash(), 'user')).to.equal(null);
    expect(await requestsOf(async () => expect(await shown()).to.deep.equal([0, true]))).to.equal(1);
    await away.close();
  });

  it('costs nothing where sessions are read without it', async () => {
    await redis.del(hash(), 'botledger:hot-users');
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 1 });
    await addXp(5);
    expect(await redis.exists('botledger:hot-users')).to.equal(0);
    expect(await redis.hexists(hash(), 'user@')).to.equal(0);
  });
});
