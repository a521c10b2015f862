import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  BotLedger,
  QueueUnavailableError,
  ResultTimeoutError,
  SpoolError,
  ValidationError,
} from '../../../src/index.js';
import { startBot, type TestBot } from '../../helpers/bot.js';
import { startRedis, type TestRedis } from '../../helpers/redis.js';
import { rejection } from '../../helpers/rejection.js';
import { until } from '../../helpers/until.js';

describe('A bot with a spool', () => {
  let redis: TestRedis;
  let bot: TestBot;
  let spool: string;

  beforeEach(async () => {
    spool = join(mkdtempSync(join(tmpdir(), 'botledger-spool-')), 'spool');
    redis = await startRedis();
    bot = await startBot({ redisUrl: redis.url });
  });
  afterEach(async () => {
    await bot.close();
    await redis.close();
    rmSync(join(spool, '..'), { recursive: true });
  });

  for (const away of ['stopped', 'frozen'] as const) {
    it(`goes on while Redis is ${away}, tells how many units wait, and has the results later`, async () => {
      await bot.startWorker();
      const told: number[] = [];
      const ledger = bot.open({ spool, onSpool: (units) => told.push(units) });
      await ledger.addXp(1, { xp: 1 });
      expect(ledger.spooled).to.equal(0);
      await (away === 'stopped' ? redis.stop() : redis.pause());
      const receipts = [await ledger.addXp(1, { xp: 2 })];
      receipts.push(...(await Promise.all([3, 4].map((xp) => ledger.addXp(1, { xp })))));
      expect(ledger.spooled).to.equal(3);
      expect(told.at(-1)).to.equal(3);
      expect(await rejection((receipts[0] as (typeof receipts)[0]).result({ timeoutMs: 50 }))).to.be.instanceOf(
        ResultTimeoutError,
      );
      await (away === 'stopped' ? redis.start() : redis.resume());
      const results = await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 20_000 })));
      expect(results.map(({ totalXp }) => totalXp)).to.deep.equal([3, 6, 10]);
      await until(() => ledger.spooled === 0);
      await until(() => told.at(-1) === 0);
      expect(await (await ledger.addXp(1, { xp: 0 })).result()).to.include({ totalXp: 10 });
      expect(ledger.spooled).to.equal(0);
    });
  }

  it('closes with units in the spool, which the next one sends first', async () => {
    await redis.stop();
    const first = bot.open({ spool });
    const sent = Promise.all([1, 2, 3].map((level) => first.setLevel(1, { level: 1 + level })));
    await first.close();
    await sent;
    const next = bot.open({ spool });
    expect(next.spooled).to.equal(3);
    await redis.start();
    await bot.startWorker();
    expect(await (await next.setLevel(1, { level: 9 })).result()).to.deep.equal({ oldLevel: 4, newLevel: 9 });
    expect(next.spooled).to.equal(0);
    await next.close();
    expect(await rejection(next.setLevel(1, { level: 10 }))).to.be.instanceOf(QueueUnavailableError);
  });

  it('is told when the spool is full, and that Redis is away', async () => {
    await redis.stop();
    const ledger = bot.open({ spool, spoolMaxBytes: 1_000 });
    await ledger.saveSession(1, { session: { text: 'x'.repeat(600) } });
    const error = await rejection(ledger.saveSession(1, { session: { text: 'x'.repeat(600) } }, { key: 'upd-2' }));
    expect(error).to.be.instanceOf(QueueUnavailableError).and.include({ key: 'upd-2' });
    expect(error.message).to.match(
      /^Redis did not accept the job, nor did the spool: .* is full: .*spoolMaxBytes.*"upd-2"/,
    );
    await ledger.addXp(1, { xp: 1 });
    expect(ledger.spooled).to.equal(2);
  });

  it('is told when the disk does not take it either, and goes on when Redis is back', async () => {
    const ledger = bot.open({ spool });
    await redis.stop();
    rmSync(spool, { recursive: true });
    const error = await rejection(ledger.addXp(1, { xp: 1 }));
    expect(error).to.be.instanceOf(QueueUnavailableError);
    expect(error.message).to.contain('nor did the spool: ENOENT');
    await redis.start();
    await bot.startWorker();
    const receipt = await until(() => ledger.addXp(1, { xp: 5 }).catch(() => undefined));
    expect(await receipt.result()).to.include({ totalXp: 5 });
  });

  it('is told what is wrong with its options, and who has its spool', async () => {
    const options = { bot: 'spin_bot', redisUrl: redis.url };
    const wrong = { ...options, spool: '', spoolMaxBytes: 0.5 };
    expect(() => new BotLedger(wrong)).to.throw(ValidationError, /spool: must be the name.*; spoolMaxBytes: must be a/);
    bot.open({ spool });
    expect(() => new BotLedger({ ...options, spool })).to.throw(SpoolError, `held by process ${process.pid}`);
  });
});
