import { expect } from 'chai';
import { type BotLedger, QueueUnavailableError, ResultTimeoutError } from '../../src/index.js';
import type { JobData } from '../../src/operations/unit.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startRedis, type TestRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';

/** A second, and some for a machine with other things to do. */
const A_SECOND = 1_400;

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now();
  const value = await work;
  return { value, ms: performance.now() - start };
}

describe('While Redis is away', () => {
  let redis: TestRedis;
  let bot: TestBot;
  let ledger: BotLedger;

  beforeEach(async () => {
    redis = await startRedis();
    bot = await startBot({ redisUrl: redis.url });
    ledger = bot.ledger;
  });
  afterEach(async () => {
    await bot.close();
    await redis.close();
  });

  async function expectUnavailable(from: BotLedger, key: string): Promise<void> {
    const { value: error, ms } = await timed(rejection(from.addXp(1, { xp: 5 }, { key })));
    expect(error).to.be.instanceOf(QueueUnavailableError).and.include({ key });
    expect(error.message).to.contain(`retry with the same key "${key}"`);
    expect(ms).to.be.lessThan(A_SECOND);
  }

  /** Sends again under the same key until it is taken, and has a worker apply it. */
  async function expectRecovery(from: BotLedger, key: string): Promise<void> {
    const receipt = await until(() => from.addXp(1, { xp: 5 }, { key }).catch(() => undefined));
    await bot.startWorker();
    expect(await receipt.result()).to.include({ totalXp: 5 });
  }

  it('a bot that starts is told so within a second, and goes on by itself when it comes', async () => {
    await redis.stop();
    const early = bot.open();
    await expectUnavailable(early, 'upd-1');
    await expectUnavailable(early, 'upd-1');
    await redis.start();
    await expectRecovery(early, 'upd-1');
  });

  it('a bot that starts while it is frozen is told so within a second, and goes on by itself', async () => {
    redis.pause();
    const early = bot.open();
    await expectUnavailable(early, 'upd-1');
    redis.resume();
    await expectRecovery(early, 'upd-1');
  });

  it('a bot whose Redis is killed is told so within a second, and goes on by itself when it is back', async () => {
    await ledger.setLevel(2, { level: 2 });
    await redis.kill();
    await expectUnavailable(ledger, 'upd-1');
    await expectUnavailable(ledger, 'upd-1');
    await redis.start();
    await expectRecovery(ledger, 'upd-1');
  });

  it('a bot whose Redis freezes is told so within a second; what arrives twice is applied once', async () => {
    await ledger.setLevel(2, { level: 2 });
    redis.pause();
    await expectUnavailable(ledger, 'upd-1');
    redis.resume();
    await expectRecovery(ledger, 'upd-1');
    await until(async () => (await bot.jobs.queue.getWaitingCount()) === 0);
    const jobs = await bot.jobs.queue.getCompleted();
    const keys = jobs.flatMap(({ data }) => (data as JobData).units.map(({ key }) => key));
    expect(
      keys.filter((key) => key === 'upd-1'),
      'the one given up has arrived as well',
    ).to.have.lengthOf(2);
    expect(await (await ledger.addXp(1, { xp: 0 })).result()).to.include({ totalXp: 5 });
  });

  it('everything that is sent at once is told so within a second, not one after the other', async () => {
    await ledger.setLevel(2, { level: 2 });
    redis.pause();
    const sends = Array.from({ length: 1_000 }, (_, number) => rejection(ledger.addXp(number, { xp: 1 })));
    const { value: errors, ms } = await timed(Promise.all(sends));
    expect(errors.every((error) => error instanceof QueueUnavailableError)).to.equal(true);
    expect(ms).to.be.lessThan(A_SECOND);
    redis.resume();
  });

  it('no warning about too many listeners is printed, however often a bot tries', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    redis.pause();
    const early = bot.open();
    // More than twenty packs.
    await Promise.all(Array.from({ length: 2_600 }, () => rejection(early.addXp(1, { xp: 1 }))));
    redis.resume();
    process.off('warning', note);
    expect(warnings).to.deep.equal([]);
  });

  for (const interrupted of ['killed', 'frozen'] as const) {
    const interrupt = () => (interrupted === 'killed' ? redis.kill() : redis.pause());

    it(`(${interrupted}) a result is a ResultTimeoutError in its time, whether waited for before or not`, async () => {
      const [waited, fresh] = [await ledger.addXp(1, { xp: 1 }), await ledger.addXp(1, { xp: 1 })];
      await rejection(waited.result({ timeoutMs: 50 }));
      await interrupt();
      for (const receipt of [waited, fresh]) {
        const { value: error, ms } = await timed(rejection(receipt.result({ timeoutMs: 300 })));
        expect(error).to.be.instanceOf(ResultTimeoutError);
        expect(ms).to.be.within(250, A_SECOND);
      }
      redis.resume();
    });

    it(`(${interrupted}) close() takes no time, and whoever waits for a result is told`, async () => {
      const receipt = await ledger.addXp(1, { xp: 1 });
      await rejection(receipt.result({ timeoutMs: 50 }));
      await interrupt();
      const waiting = rejection(receipt.result({ timeoutMs: 60_000 }));
      const { ms } = await timed(ledger.close());
      expect(ms).to.be.lessThan(A_SECOND);
      expect(await waiting).to.be.instanceOf(ResultTimeoutError);
      redis.resume();
    });
  }

  it('results come when it is back, whether they were waited for before it went or only since', async () => {
    const [waited, fresh] = [await ledger.addXp(1, { xp: 5 }), await ledger.addXp(2, { xp: 6 })];
    await rejection(waited.result({ timeoutMs: 50 }));
    const before = waited.result({ timeoutMs: 20_000 });
    await redis.stop();
    const since = fresh.result({ timeoutMs: 20_000 });
    await rejection(ledger.addXp(3, { xp: 1 }));
    await redis.start();
    await bot.startWorker();
    expect(await before).to.include({ totalXp: 5 });
    expect(await since).to.include({ totalXp: 6 });
  });

  it('a result that was there before it went, and is asked for since, comes when it is back', async () => {
    await bot.startWorker();
    const receipt = await ledger.addXp(1, { xp: 5 });
    await (await ledger.addXp(2, { xp: 6 })).result();
    await until(async () => (await bot.jobs.queue.getCompletedCount()) === 2);
    await redis.stop();
    await rejection(ledger.addXp(3, { xp: 1 }));
    const result = receipt.result({ timeoutMs: 20_000 });
    await redis.start();
    expect(await result).to.include({ totalXp: 5 });
  });
});
