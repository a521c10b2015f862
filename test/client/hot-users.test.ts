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

const telegramId = 7;
const hash = `botledger:sessions:${telegramId}`;

describe('The user beside a hot session', () => {
  let api: TestApi;
  let bot: TestBot;
  let ledger: BotLedger;
  let redis: Redis;
  let worker: Closable;
  let opened: Closable[];

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    redis = new Redis(redisUrl);
    api = await startTestApi({ redisUrl, dialect: 'postgres' });
    bot = await startBot({ redisUrl, apiUrl: api.url, apiToken: SPIN_TOKEN });
    ledger = bot.ledger;
    worker = await startWorker(api.database, redisUrl);
    opened = [{ close: () => redis.quit() }, api, bot];
    await (await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} })).result();
  });
  afterEach(() => closeAll([...opened, worker]));

  const requests = () => api.logged.filter(({ msg }) => msg === 'request').length;
  const addXp = async (xp: number) => (await ledger.addXp(telegramId, { xp })).result();

  /** How often this process asked Redis for something meanwhile. */
  async function commandsOf(work: () => Promise<unknown>): Promise<number> {
    const { sendCommand } = Redis.prototype;
    let commands = 0;
    Redis.prototype.sendCommand = function (...args) {
      commands++;
      console.log(args[0].name, args[0].args.slice(0,3).map(String).map((t) => t.slice(0, 60)));
      return sendCommand.apply(this, args);
    };
    try {
      await work();
      return commands;
    } finally {
      Redis.prototype.sendCommand = sendCommand;
    }
  }

  it('comes with it in one command of Redis and without the API, and saving takes two', async () => {
    await ledger.getUserSession(telegramId);
    await worker.close();
    const before = requests();
    expect(await commandsOf(() => ledger.getUserSession(telegramId))).to.equal(1);
    expect(requests()).to.equal(before);
    expect(await commandsOf(() => ledger.saveSession(telegramId, { session: { step: 2 } }))).to.be.at.most(2);
    const { user, session, userIsCurrent } = await ledger.getUserSession(telegramId);
    expect([user, session, userIsCurrent]).to.deep.equal([await ledger.getUser(telegramId), { step: 2 }, true]);
  });

  it('shows what is committed when its receipt says so, without the API and in every bot', async () => {
    const quiz = bot.open({ bot: 'quiz_bot', apiToken: QUIZ_TOKEN });
    for (const each of [ledger, quiz]) await each.getUserSession(telegramId);
    const before = requests();
    for (let times = 1; times <= 20; times++) {
      await addXp(5);
      for (const each of [ledger, quiz]) {
        const { user, userIsCurrent } = await each.getUserSession(telegramId);
        expect([user.totalXp, userIsCurrent]).to.deep.equal([5 * times, true]);
      }
    }
    expect(requests()).to.equal(before);
    expect((await ledger.getUserSession(telegramId)).user).to.deep.equal(await ledger.getUser(telegramId));
  });

  it('is the newest when two workers commit at once', async () => {
    opened.push(await startWorker(api.database, bot.redisUrl));
    await ledger.getUserSession(telegramId);
    const second = bot.open();
    const other = async (xp: number) => (await second.addXp(telegramId, { xp })).result();
    const before = requests();
    for (let round = 1; round <= 25; round++) {
      await Promise.all([
        addXp(1),
        addXp(1),
        bot
          .open()
          .addXp(telegramId, { xp: 1 })
          .then((sent) => sent.result()),
      ]);
      const { user, userIsCurrent } = await ledger.getUserSession(telegramId);
      expect([user.totalXp, userIsCurrent]).to.deep.equal([3 * round, true]);
    }
    expect(requests()).to.equal(before);
  });

  it('is shown by the next worker when one died between its commit and that', async () => {
    await ledger.getUserSession(telegramId);
    await worker.close();
    const receipt = await ledger.addXp(telegramId, { xp: 5 });
    const [job] = await bot.jobs.queue.getWaiting();
    await new Committer(api.database).commit([checkUnit(job?.data.units[0])]);
    worker = await startWorker(api.database, bot.redisUrl);
    await receipt.result();
    await api.close();
    const { user, userIsCurrent } = await ledger.getUserSession(telegramId);
    expect([user.totalXp, userIsCurrent]).to.deep.equal([5, true]);
  });

  it('goes when the user is deleted, and starts anew with one who returns', async () => {
    await addXp(5);
    await ledger.getUserSession(telegramId);
    await (await ledger.deleteUser(telegramId)).result();
    expect(await redis.hmget(hash, 'user', 'user@')).to.deep.equal([null, null]);
    const { user, userIsCurrent } = await ledger.getUserSession(telegramId);
    expect([user.totalXp, userIsCurrent]).to.deep.equal([0, true]);
    await addXp(7);
    await api.close();
    expect((await ledger.getUserSession(telegramId)).user.totalXp).to.equal(7);
  });

  it('is a newcomer until something of them is committed', async () => {
    await worker.close();
    await ledger.saveSession(9, { session: { step: 1 }, stats: {} });
    for (const times of [1, 2]) {
      const { user, userIsCurrent } = await ledger.getUserSession(9, { firstName: 'Ann' });
      expect([times, user.firstName, user.level, userIsCurrent]).to.deep.equal([times, 'Ann', 1, true]);
    }
    worker = await startWorker(api.database, bot.redisUrl);
    await (await ledger.addXp(9, { xp: 5 })).result();
    await api.close();
    expect((await ledger.getUserSession(9)).user).to.include({ firstName: 'Ann', totalXp: 5 });
  });

  it('is asked from the API by who reads after a unit', async () => {
    await ledger.getUserSession(telegramId);
    const receipt = await ledger.addXp(telegramId, { xp: 5 });
    await receipt.result();
    const before = requests();
    expect((await ledger.getUserSession(telegramId, {}, { after: receipt })).user.totalXp).to.equal(5);
    expect(requests()).to.equal(before + 1);
  });

  it('comes with the next commit where a bot has no API', async () => {
    const alone = bot.open({ apiUrl: '' });
    expect((await alone.getUserSession(telegramId)).userIsCurrent).to.equal(false);
    await addXp(5);
    const { user, userIsCurrent } = await alone.getUserSession(telegramId);
    expect([user.totalXp, userIsCurrent]).to.deep.equal([5, true]);
  });

  it('is left to the next reader while the database is away', async () => {
    await ledger.getUserSession(telegramId);
    const away = new Database({ url: 'postgres://nobody@127.0.0.1:1/nothing' });
    opened.push(away);
    const users = new HotUsers(away, new HotSessions(redis), createLogger('test', 'silent'));
    await users.show([telegramId]);
    expect(await redis.hget(hash, 'user')).to.equal(null);
    const before = requests();
    expect((await ledger.getUserSession(telegramId)).userIsCurrent).to.equal(true);
    expect(requests()).to.equal(before + 1);
  });

  it('costs nothing where sessions are read without it', async () => {
    await redis.del(hash);
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 1 });
    await addXp(5);
    expect(await redis.exists('botledger:hot-users')).to.equal(0);
    expect(await redis.hexists(hash, 'user@')).to.equal(0);
  });
});
