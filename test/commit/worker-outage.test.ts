import type { Job } from 'bullmq';
import { expect } from 'chai';
import pg from 'pg';
import { Registry } from 'prom-client';
import { Database } from '../../src/database.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { IdempotencyKey, User } from '../../src/models/index.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { freshDatabase } from '../helpers/databases.js';
import { type Postgres, type StopMode, startPostgres } from '../helpers/postgres.js';
import { freshRedisUrl, startRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

const JOBS = 40;

const job = (number: number) => ({
  v: 1,
  units: [
    { bot: 'spin_bot', key: `a-${number}`, at: 1, operations: [{ name: 'addXp', telegramId: number % 5, xp: 1 }] },
    { bot: 'spin_bot', key: `b-${number}`, at: 1, operations: [{ name: 'addXp', telegramId: number % 3, xp: 1 }] },
  ],
});

describe('A commit worker without its database', () => {
  let postgres: Postgres;
  let database: Database;
  let redisUrl: string;
  let jobs: TestQueue;
  let opened: Closable[];

  before(async () => {
    postgres = await startPostgres({ durable: true });
  });
  after(() => postgres.close());
  beforeEach(async () => {
    database = new Database({ url: await postgres.createDatabase('ledger'), lookupsOnly: true });
    await database.migrate();
    redisUrl = await freshRedisUrl();
    jobs = openQueue(redisUrl);
    opened = [{ close: () => postgres.dropDatabase('ledger') }, database, jobs];
  });
  afterEach(async () => {
    await bringBack();
    await closeAll(opened);
  });

  let away = false;
  const takeAway = async (mode: StopMode) => {
    away = true;
    await postgres.stop(mode);
  };
  const bringBack = async () => {
    if (away) await postgres.start();
    away = false;
  };

  async function enqueueAll(): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 0; number < JOBS; number++) ids.push((await jobs.add(job(number))).id as string);
    return ids;
  }

  async function expectAllApplied() {
    const { sequelize } = database;
    expect(await sequelize.getRepository(IdempotencyKey).count()).to.equal(JOBS * 2);
    expect(await sequelize.getRepository(User).sum('totalXp')).to.equal(JOBS * 2);
  }

  /** How often they were taken, all in all. */
  const attemptsStarted = async (ids: readonly string[]) => {
    const found: (Job | undefined)[] = await Promise.all(ids.map((id) => jobs.queue.getJob(id)));
    return found.reduce((sum, one) => sum + (one?.attemptsStarted ?? 0), 0);
  };

  const counts = () => jobs.queue.getJobCounts('wait', 'active', 'delayed', 'failed', 'completed');

  it('hands its jobs back in their order, burns no attempt, takes none meanwhile, and goes on by itself', async () => {
    const metrics = new Registry();
    const worker = await startWorker(database, redisUrl, { metrics });
    opened.push(worker);
    await jobs.reached((await jobs.add(job(0))).id, 'completed');
    expect(await isUp(metrics)).to.equal(1);

    await takeAway('fast');
    const ids = await enqueueAll();
    await until(async () => (await isUp(metrics)) === 0 && (await counts())['wait'] === JOBS, {
      what: 'all jobs wait',
    });
    const waiting = (await jobs.queue.getWaiting()).map(({ id }) => id);
    expect(waiting).to.have.members(ids);
    const starts = await attemptsStarted(ids);
    // Two more probes find nobody.
    await until(async () => (await attemptsStarted(ids)) >= starts && (await counts())['active'] === 0);
    expect(await attemptsStarted(ids), 'nothing is taken and handed back again and again').to.be.below(3 * JOBS);

    await bringBack();
    for (const id of ids) {
      const { attemptsMade, failedReason } = await jobs.reached(id, 'completed');
      expect({ attemptsMade, failedReason }).to.deep.equal({ attemptsMade: 1, failedReason: undefined });
    }
    expect(await isUp(metrics)).to.equal(1);
    await expectAllApplied();
  });

  it('leaves them to a worker that still has it', async () => {
    const lost = new Database({ url: 'postgres://postgres@127.0.0.1:1/nowhere' });
    opened.push(lost);
    opened.push(await startWorker(lost, redisUrl));
    const ids = await enqueueAll();
    await until(async () => (await counts())['wait'] === JOBS, { what: 'all jobs are handed back' });
    opened.push(await startWorker(database, redisUrl));
    for (const id of ids) expect(await jobs.reached(id, 'completed')).to.include({ attemptsMade: 1 });
    await expectAllApplied();
  });

  it('is closed at once, with no attempt made, and the next worker does its jobs', async () => {
    const worker = await startWorker(database, redisUrl);
    await takeAway('immediate');
    const ids = await enqueueAll();
    await until(async () => (await attemptsStarted(ids)) > 0, { what: 'the worker has tried' });
    await worker.close();

    expect(await counts()).to.deep.equal({ wait: JOBS, active: 0, delayed: 0, failed: 0, completed: 0 });
    for (const id of ids) expect(await jobs.reached(id, 'waiting')).to.include({ attemptsMade: 0 });

    await bringBack();
    opened.push(await startWorker(database, redisUrl));
    for (const id of ids) await jobs.reached(id, 'completed');
    await expectAllApplied();
  });

  const administer = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: postgres.url('postgres') });
    await client.connect();
    for (const sql of statements) await client.query(sql);
    await client.end();
  };

  it('that can only be read is as good as away, until it takes writes again', async () => {
    const metrics = new Registry();
    opened.push(await startWorker(database, redisUrl, { metrics }));
    await jobs.reached((await jobs.add(job(0))).id, 'completed');
    const readOnly = (value: string) =>
      administer(`ALTER SYSTEM SET default_transaction_read_only = ${value}`, 'SELECT pg_reload_conf()');
    await readOnly('on');
    const ids = await enqueueAll();
    await until(async () => (await isUp(metrics)) === 0 && (await counts())['wait'] === JOBS);
    await administer('ALTER SYSTEM RESET default_transaction_read_only', 'SELECT pg_reload_conf()');
    for (const id of ids) expect(await jobs.reached(id, 'completed')).to.include({ attemptsMade: 1 });
    await expectAllApplied();
  });

  it('that is frozen is given up in time, and its jobs are handed back', async () => {
    const impatient = new Database({ url: postgres.url('ledger'), lookupsOnly: true, statementTimeoutMs: 500 });
    opened.push(impatient);
    const metrics = new Registry();
    opened.push(await startWorker(impatient, redisUrl, { metrics }));
    await jobs.reached((await jobs.add(job(0))).id, 'completed');
    await postgres.pause();
    const ids = await enqueueAll();
    await until(async () => (await isUp(metrics)) === 0 && (await counts())['wait'] === JOBS, {
      timeoutMs: 20_000,
      what: 'all jobs are handed back',
    }).finally(() => postgres.resume());
    for (const id of ids) expect(await jobs.reached(id, 'completed')).to.include({ attemptsMade: 1 });
    await expectAllApplied();
  });
});

describe('A commit worker whose SQLite', () => {
  const ways = [
    { what: 'has no room left', pragma: 'max_page_count = 1', remedy: 'max_page_count = 1000000' },
    { what: 'may not be written', pragma: 'query_only = ON', remedy: 'query_only = OFF' },
  ];
  for (const { what, pragma, remedy } of ways) {
    it(`${what} waits, and goes on by itself, with no attempt burnt`, async () => {
      const fresh = await freshDatabase('sqlite');
      const redisUrl = await freshRedisUrl();
      const jobs = openQueue(redisUrl);
      const metrics = new Registry();
      const worker = await startWorker(fresh.database, redisUrl, { metrics });
      await jobs.reached((await jobs.add(job(0))).id, 'completed');
      const { connections } = fresh.database.sequelize.connectionManager as unknown as {
        connections: { writer: { exec(sql: string, done: () => void): void } };
      };
      const set = (sql: string) => new Promise<void>((resolve) => connections.writer.exec(`PRAGMA ${sql}`, resolve));
      await set(pragma);
      // More than the free part of a page takes.
      const ids = await Promise.all(
        Array.from({ length: JOBS }, async (_, number) => (await jobs.add(job(number))).id),
      );
      await until(async () => (await isUp(metrics)) === 0, { what: 'it notices' });
      await set(remedy);
      for (const id of ids) expect(await jobs.reached(id, 'completed')).to.include({ attemptsMade: 1 });
      expect(await fresh.database.sequelize.getRepository(User).sum('totalXp')).to.equal(JOBS * 2);
      await closeAll([fresh, jobs, worker]);
    });
  }
});

/** What the gauge says of the database. */
const isUp = async (metrics: Registry) =>
  (await metrics.getSingleMetric('botledger_database_up')?.get())?.values[0]?.value;

describe('A commit worker that is closed', () => {
  const timed = async (closable: Closable) => {
    const start = performance.now();
    await closable.close();
    return performance.now() - start;
  };
  let database: Database;
  beforeEach(() => {
    database = new Database({ url: 'postgres://postgres@127.0.0.1:1/nowhere' });
  });
  afterEach(() => database.close());

  it('with nothing to do, is gone at once', async () => {
    const worker = await startWorker(database, await freshRedisUrl());
    expect(await timed(worker)).to.be.lessThan(1_000);
  });

  it('while Redis is away, is gone at once: there is nobody to hand anything back to', async () => {
    const redis = await startRedis();
    const worker = await startWorker(database, redis.url);
    const jobs = openQueue(redis.url);
    await jobs.add(job(1));
    await until(async () => ((await jobs.queue.getJobs(['wait', 'active']))[0]?.attemptsStarted ?? 0) > 0);
    await redis.kill();
    await until(() => jobs.lost(), { what: 'the connection is lost' });
    expect(await timed(worker)).to.be.lessThan(1_000);
    await redis.start();
    await closeAll([redis, jobs]);
  });

  it('while Redis goes away, does not wait for it to come back', async () => {
    const redis = await startRedis();
    const worker = await startWorker(database, redis.url);
    const jobs = openQueue(redis.url);
    await jobs.add(job(1));
    await until(async () => ((await jobs.queue.getJobs(['wait', 'active']))[0]?.attemptsStarted ?? 0) > 0);
    // What the worker says in order to hand back its job is never answered.
    redis.pause();
    const closed = timed(worker);
    await redis.kill();
    expect(await closed).to.be.lessThan(5_000);
    await redis.start();
    await closeAll([redis, jobs]);
  });
});
