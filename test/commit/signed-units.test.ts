import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { HotSessions } from '../../src/hot/sessions.js';
import { BotLedger, type BotLedgerOptions, SignatureError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { signerOf } from '../../src/operations/signature.js';
import { checkUnit, type Unit } from '../../src/operations/unit.js';
import { openProducerRedis } from '../../src/redis.js';
import { openRepositories } from '../../src/repositories/index.js';
import { problemOf, startTestApi } from '../api/harness.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl, startRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { counted } from '../helpers/samples.js';
import { until } from '../helpers/until.js';

const SPIN = 'secret-of-the-spin-bot';
const OLD = 'secret-of-the-spin-bot-last-year';
const QUIZ = 'secret-of-the-quiz-bot';
const env = { BOT_SECRETS: `spin_bot:${SPIN}, spin_bot:${OLD}, quiz_bot:${QUIZ}` };

let made = 0;

/** A unit as it comes over the wire. */
const unitOf = (xp: number, rest: Partial<Unit> = {}): Unit => ({
  ...{ bot: 'spin_bot', key: `key-${++made}`, at: Date.now() },
  operations: [{ name: 'addXp', telegramId: 7, xp }],
  ...rest,
});

const signed = (unit: Unit, secret = SPIN): Unit => ({ ...unit, sig: signerOf(secret)(checkUnit(unit)) });

describe('Signed units', () => {
  let fresh: FreshDatabase;
  let redisUrl: string;
  let jobs: TestQueue;
  let metrics: Registry;
  let opened: Closable[];

  beforeEach(async () => {
    fresh = await freshDatabase('sqlite');
    redisUrl = await freshRedisUrl();
    jobs = openQueue(redisUrl);
    metrics = new Registry();
    opened = [fresh, jobs];
  });
  afterEach(() => closeAll(opened));

  const work = async () => void opened.push(await startWorker(fresh.database, redisUrl, { env, metrics }));
  const open = (options: BotLedgerOptions = {}) => {
    const ledger = new BotLedger({ bot: 'spin_bot', redisUrl, secret: SPIN, ...options });
    opened.push(ledger);
    return ledger;
  };
  const totalXp = async () => (await openRepositories(fresh.database).users.byTelegramId(7))?.totalXp ?? 0;
  const refused = async () =>
    counted(await metrics.metrics(), 'botledger_units_total')['botledger_units_total{result="refused_signature"}'];

  it('are applied, also those that were signed with the secret before', async () => {
    await work();
    for (const secret of [SPIN, OLD]) await (await open({ secret }).addXp(7, { xp: 5 })).result();
    process.env['BOT_SECRET'] = QUIZ;
    const quiz = new BotLedger({ bot: 'quiz_bot', redisUrl });
    delete process.env['BOT_SECRET'];
    opened.push(quiz);
    await (await quiz.addXp(7, { xp: 5 })).result();
    expect(await totalXp()).to.equal(15);
    expect(await refused()).to.equal(undefined);
  });

  it('are the only ones that are: others fail at once, and what they wrote is not seen', async () => {
    await work();
    const redis = openProducerRedis(redisUrl);
    opened.push({ close: async () => redis.disconnect() });
    const sessions = new HotSessions(redis);
    const others: BotLedgerOptions[] = [
      { secret: 'something else altogether' },
      { bot: 'quiz_bot' },
      { bot: 'new_bot' },
    ];
    for (const [index, other] of others.entries()) {
      const receipt = await open(other).saveSession(7, { session: { step: 1 } }, { key: `upd-${index}` });
      const error = await rejection(receipt.result());
      expect(error)
        .to.be.instanceOf(SignatureError)
        .and.include({ code: 'signature', key: `upd-${index}` });
      await until(async () => (await sessions.read(other.bot ?? 'spin_bot', 7)).session === undefined);
    }
    const { id } = await jobs.add({ v: 1, units: [unitOf(5)] });
    const job = await jobs.reached(id, 'failed');
    expect(job).to.include({ attemptsMade: 1 });
    expect(job.failedReason).to.match(/^SignatureError: Unit "key-\d+" of spin_bot is refused: it is not signed/);
    expect(await totalXp()).to.equal(0);
    expect(await refused()).to.equal(4);
  });

  it('share a job with others, which fail alone', async () => {
    await work();
    const units = [signed(unitOf(1)), unitOf(2), signed(unitOf(4), QUIZ), signed(unitOf(8))];
    const { returnvalue } = await jobs.reached((await jobs.add({ v: 1, units })).id, 'completed');
    for (const { movedTo } of (returnvalue as { movedTo?: string }[]).filter(({ movedTo }) => movedTo)) {
      expect((await jobs.reached(movedTo, 'failed')).failedReason).to.match(/^SignatureError: /);
    }
    expect(await totalXp()).to.equal(9);
  });

  it('are refused when a person has changed them, and applied when they are as they were', async () => {
    const unit = signed(unitOf(5));
    const job = await jobs.add({ v: 1, units: [unit] });
    await job.updateData({ v: 1, units: [{ ...unit, operations: [{ name: 'addXp', telegramId: 7, xp: 5_000 }] }] });
    await work();
    const failed = await jobs.reached(job.id, 'failed');
    expect(failed.failedReason).to.match(/If a person changed it, put it back as it was, or discard it and POST/);
    await failed.updateData({ v: 1, units: [unit] });
    await failed.retry();
    await jobs.reached(job.id, 'completed');
    expect(await totalXp()).to.equal(5);
  });

  it('are applied once, however often somebody replays them, and not when the ledger may have forgotten them', async () => {
    await work();
    const unit = signed(unitOf(5));
    for (let time = 0; time < 3; time++) {
      await jobs.reached((await jobs.add({ v: 1, units: [unit] })).id, 'completed');
    }
    const old = signed(unitOf(5, { at: Date.now() - 30 * 86_400_000 }));
    const job = await jobs.reached((await jobs.add({ v: 1, units: [old] })).id, 'failed');
    expect(job.failedReason).to.match(/made 30 days ago/);
    expect(await totalXp()).to.equal(5);
  });

  it('keep their signatures in a spool', async () => {
    const redis = await startRedis();
    redisUrl = redis.url;
    const spool = mkdtempSync(join(tmpdir(), 'botledger-signed-'));
    await redis.stop();
    const ledger = open({ spool });
    const receipt = await ledger.addXp(7, { xp: 5 });
    await redis.start();
    await work();
    await receipt.result();
    expect(await totalXp()).to.equal(5);
    await closeAll(opened.splice(2));
    await redis.close();
    rmSync(spool, { recursive: true });
  });

  it('are made by the API for bots that speak HTTP, as far as it knows their secrets', async () => {
    await work();
    const api = await startTestApi({ databaseUrl: fresh.url, redisUrl, env: { BOT_SECRETS: `spin_bot:${SPIN}` } });
    opened.push(api);
    const operations = { operations: [{ name: 'addXp', telegramId: 7, xp: 5 }] };
    const options = { headers: { prefer: 'wait=10', 'idempotency-key': 'upd-1' } };
    for (let time = 0; time < 2; time++) {
      expect((await api.post('/v1/bots/spin_bot/operations', operations, options)).status).to.equal(200);
    }
    expect(await totalXp()).to.equal(5);
    const token = 'token-of-the-quiz-bot';
    const response = await api.post('/v1/bots/quiz_bot/operations', operations, { ...options, token });
    expect((await problemOf(response))['detail']).to.match(/^quiz_bot has no secret in BOT_SECRETS.* add one there$/);
    expect(response.status).to.equal(403);
  });

  it('are taken by workers that have no secrets', async () => {
    opened.push(await startWorker(fresh.database, redisUrl));
    await (await open().addXp(7, { xp: 5 })).result();
    expect(await totalXp()).to.equal(5);
  });
});
