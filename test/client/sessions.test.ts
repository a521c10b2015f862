import { expect } from 'chai';
import { Redis } from 'ioredis';
import { ApiError, type BotLedger, UserDeletedError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { SPIN_TOKEN, startTestApi, type TestApi } from '../api/harness.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startWorker } from '../helpers/commit-worker.js';
import { freshRedisUrl, startRedis } from '../helpers/redis.js';
import { startRedisCluster } from '../helpers/redis-cluster.js';
import { rejection } from '../helpers/rejection.js';

const telegramId = 7;
const hash = `botledger:sessions:${telegramId}`;

describe('A session that a bot saves', () => {
  let api: TestApi;
  let bot: TestBot;
  let ledger: BotLedger;
  let redis: Redis;
  let opened: Closable[];

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    redis = new Redis(redisUrl);
    api = await startTestApi({ redisUrl });
    bot = await startBot({ redisUrl, apiUrl: api.url, apiToken: SPIN_TOKEN });
    ledger = bot.ledger;
    opened = [{ close: () => redis.quit() }, api, bot];
  });
  afterEach(() => closeAll(opened));

  const work = async () => void opened.push(await startWorker(api.database, bot.redisUrl));
  const stored = async () => {
    const response = await api.get(`/v1/bots/spin_bot/users/${telegramId}/session`);
    const { session, stats } = (await response.json()) as { session: unknown; stats: unknown };
    return { session, stats };
  };

  it('is read at once, by every process of the bot and by no other bot', async () => {
    await ledger.saveSession(telegramId, { session: { step: 5 }, stats: { best: 9 } });
    expect(await bot.open().getSession(telegramId)).to.deep.equal({ session: { step: 5 }, stats: { best: 9 } });
    expect((await ledger.getUserSession(telegramId)).session).to.deep.equal({ step: 5 });
    const quiz = bot.open({ bot: 'quiz_bot', apiToken: 'token-of-the-quiz-bot' });
    expect(await quiz.getSession(telegramId)).to.deep.equal({ session: {}, stats: {} });
  });

  it('is read as part of a unit, of many units, and after a reset', async () => {
    await ledger.unit({}, (unit) => {
      unit.saveSession(telegramId, { session: { step: 1 }, stats: { best: 1 } });
      unit.saveSession(telegramId, { session: { step: 2 } });
    });
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: { step: 2 }, stats: { best: 1 } });
    const build = (step: number) => ({
      build: (unit: { saveSession(id: number, payload: object): void }) =>
        unit.saveSession(telegramId, { session: { step } }),
    });
    await ledger.enqueueMany([build(3), build(4)]);
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 4 });
    await ledger.resetSession(telegramId);
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: {}, stats: { best: 1 } });
    const reset = await ledger.resetSession(telegramId, { session: { step: 0 }, keepStats: false });
    const last = { session: { step: 0 }, stats: {} };
    expect(await ledger.getSession(telegramId)).to.deep.equal(last);
    await work();
    await reset.result();
    expect(await stored()).to.deep.equal(last);
    expect(await ledger.getSession(telegramId)).to.deep.equal(last);
  });

  it('is not replaced by an older one, and one of the future counts as of now', async () => {
    await ledger.saveSession(telegramId, { session: { step: 2 }, stats: {} });
    await ledger.saveSession(telegramId, { session: { step: 1 } }, { at: Date.now() - 60_000 });
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 2 });
    await ledger.saveSession(telegramId, { session: { step: 3 } }, { at: Date.now() + 3_600_000 });
    const last = await ledger.saveSession(telegramId, { session: { step: 4 } });
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 4 });
    await work();
    await last.result();
    expect(await ledger.getSession(telegramId)).to.deep.equal(await stored());
  });

  it('is not changed by what comes again under its key', async () => {
    await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} }, { key: 'upd-1' });
    await ledger.saveSession(telegramId, { session: { step: 2 } }, { key: 'upd-2' });
    const again = await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} }, { key: 'upd-1' });
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 2 });
    await work();
    await again.result();
    expect(await stored()).to.deep.equal({ session: { step: 2 }, stats: {} });
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: { step: 2 }, stats: {} });
  });

  it('expires once it is committed, and not before', async () => {
    const receipt = await ledger.saveSession(telegramId, { session: { step: 1 } });
    expect(await redis.ttl(hash)).to.equal(-1);
    const worker = await startWorker(api.database, bot.redisUrl, { env: { SESSION_TTL_SECONDS: '120' } });
    await receipt.result();
    expect(await redis.ttl(hash)).to.be.within(100, 120);
    await worker.close();
    await ledger.saveSession(telegramId, { session: { step: 2 } });
    expect(await redis.ttl(hash)).to.equal(-1);
  });

  it('comes from the API when Redis has forgotten it, and is in Redis again', async () => {
    await work();
    await (await ledger.saveSession(telegramId, { session: { step: 1 }, stats: { best: 2 } })).result();
    await redis.flushdb();
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: { step: 1 }, stats: { best: 2 } });
    await api.close();
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: { step: 1 }, stats: { best: 2 } });
    const { user, userIsCurrent } = await ledger.getUserSession(telegramId, { username: 'ann' });
    expect([user.username, user.totalXp, userIsCurrent]).to.deep.equal(['ann', 0, false]);
    expect(await rejection(ledger.getSession(8))).to.be.instanceOf(ApiError);
  });

  it('is read as the database has it after a training was counted, or another way in has written it', async () => {
    await work();
    await (await ledger.saveSession(telegramId, { session: { step: 1 }, stats: { best_score: 9 } })).result();
    await (await ledger.completeTraining(telegramId, { score: 50 })).result();
    const { stats } = await ledger.getSession(telegramId);
    expect(stats).to.include({ best_score: 50, total_trainings: 1 });

    const posted = await api.post(
      '/v1/bots/spin_bot/operations',
      { operations: [{ name: 'saveSession', telegramId, session: { step: 2 } }] },
      { headers: { 'idempotency-key': 'http-1', prefer: 'wait=10' } },
    );
    expect(posted.status).to.equal(200);
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 2 });
  });

  it('foresees the training that its own unit counts', async () => {
    const receipt = await ledger.unit({}, (unit) => {
      unit.saveSession(telegramId, { session: {}, stats: { total_trainings: 2 } });
      unit.completeTraining(telegramId, { score: 50 });
    });
    const foreseen = await ledger.getSession(telegramId);
    expect(foreseen.stats).to.include({ total_trainings: 3, best_score: 50 });
    await work();
    await receipt.result();
    expect(await ledger.getSession(telegramId)).to.deep.equal(foreseen);
  });

  it('goes with the user in every bot, and does not come back late', async () => {
    const quiz = bot.open({ bot: 'quiz_bot', apiToken: 'token-of-the-quiz-bot' });
    await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} });
    await quiz.saveSession(telegramId, { session: { question: 1 }, stats: {} });
    const before = Date.now() - 1;
    const deletion = await ledger.deleteUser(telegramId);
    for (const each of [ledger, quiz]) {
      expect(await each.getSession(telegramId)).to.deep.equal({ session: {}, stats: {} });
    }
    const late = await ledger.saveSession(telegramId, { session: { step: 2 } }, { at: before });
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({});
    expect(await redis.ttl(hash), 'the tombstone waits for the deletion').to.equal(-1);
    await work();
    expect(await deletion.result()).to.deep.equal({ deleted: true });
    expect(await rejection(late.result())).to.be.instanceOf(UserDeletedError);
    expect((await quiz.getSession(telegramId)).session).to.deep.equal({});
    expect(await redis.ttl(hash)).to.be.above(0);

    const back = await ledger.saveSession(telegramId, { session: { step: 3 } });
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: { step: 3 }, stats: {} });
    await back.result();
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: { step: 3 }, stats: {} });
  });

  it('is gone from Redis when its unit is refused', async () => {
    await ledger.addXp(telegramId, { xp: 5 }, { key: 'upd-1' });
    const conflict = await ledger.saveSession(telegramId, { session: { step: 1 }, stats: {} }, { key: 'upd-1' });
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ step: 1 });
    await work();
    await rejection(conflict.result());
    expect(await ledger.getSession(telegramId)).to.deep.equal({ session: {}, stats: {} });
  });

  it('is too large for Redis when it is too large for a unit', async () => {
    const small = bot.open({ maxUnitBytes: 2_000 });
    await rejection(small.saveSession(telegramId, { session: { text: 'x'.repeat(2_000) } }));
    expect(await redis.exists(hash)).to.equal(0);
  });

  it('comes from the API while Redis is away', async () => {
    await work();
    await (await ledger.saveSession(telegramId, { session: { step: 1 } })).result();
    const other = await startRedis();
    const alone = bot.open({ redisUrl: other.url });
    await other.stop();
    expect((await alone.getSession(telegramId)).session).to.deep.equal({ step: 1 });
    await other.close();
  });
});

describe('Sessions on a Redis Cluster with several queues', () => {
  it('are read at once, and expire once committed', async function () {
    this.timeout(60_000);
    const cluster = await startRedisCluster();
    const bot = await startBot({ redisUrl: cluster.url, queuePartitions: 3 });
    const env = { QUEUE_PARTITIONS: '3' };
    const users = Array.from({ length: 20 }, (_, index) => index + 1);
    try {
      const receipts = await Promise.all(
        users.map((user) => bot.ledger.saveSession(user, { session: { user }, stats: {} })),
      );
      for (const user of users) expect((await bot.ledger.getSession(user)).session).to.deep.equal({ user });
      const worker = await startWorker(bot.fresh.database, cluster.url, { env });
      await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 20_000 })));
      for (const user of users) expect((await bot.ledger.getSession(user)).session).to.deep.equal({ user });
      await worker.close();
    } finally {
      await bot.close();
      await cluster.close();
    }
  });
});
