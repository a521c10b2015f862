import { expect } from 'chai';
import pg from 'pg';
import { Registry } from 'prom-client';
import { BatchMetrics } from '../../src/commit/batch-metrics.js';
import { Committer } from '../../src/commit/committer.js';
import { LockedError } from '../../src/commit/failures.js';
import { APPLICATION_NAME, Database } from '../../src/database.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { User } from '../../src/models/index.js';
import { openQueue, startWorker } from '../helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { unitOf } from '../helpers/units.js';
import { until } from '../helpers/until.js';

const USERS = 100;
const HELD = 7;

const addXp = (telegramId: number) => ({ name: 'addXp', telegramId, xp: 1 });

describe('Rows that somebody else has locked', () => {
  let fresh: FreshDatabase;
  let other: pg.Client;
  let opened: Closable[];

  beforeEach(async () => {
    fresh = await freshDatabase('postgres', { lookupsOnly: true, lockTimeoutMs: 300 });
    other = new pg.Client({ connectionString: fresh.url });
    await other.connect();
    opened = [fresh, { close: () => other.end() }];
    const units = Array.from({ length: USERS }, (_, user) => unitOf(addXp(user)));
    await new Committer(fresh.database).commit(units);
  });
  afterEach(() => closeAll(opened));

  const hold = (sql: string) => other.query('BEGIN').then(() => other.query(sql));
  const totalXp = () => fresh.database.sequelize.getRepository(User).sum('totalXp');
  const heldBack = async (committer: Committer, units: ReturnType<typeof unitOf>[]) =>
    (await committer.commit(units)).flatMap((result, place) => {
      if (result.status === 'applied') return [];
      expect(result.error).to.be.instanceOf(LockedError);
      return [place];
    });

  it('hold up the units of their users and no others, and these go when they are free, with no attempt made', async () => {
    const redisUrl = await freshRedisUrl();
    const jobs = openQueue(redisUrl);
    const metrics = new Registry();
    opened.push(jobs, await startWorker(fresh.database, redisUrl, { metrics }));
    await hold(`SELECT * FROM users WHERE telegram_id = ${HELD} FOR UPDATE`);
    const add = (users: number[]) =>
      jobs.add({
        v: 1,
        units: users.map((user) => ({ bot: 'b', key: `u-${user}`, at: 1, operations: [addXp(user)] })),
      });
    const pack = await add([HELD + 1, HELD, HELD + 2]);
    const alone = await add([1_000 + HELD]);
    const both = await jobs.add({
      v: 1,
      units: [{ bot: 'b', key: 'both', at: 1, operations: [addXp(HELD), addXp(50)] }],
    });
    await jobs.reached(pack.id, 'completed');
    await jobs.reached(alone.id, 'completed');
    await jobs.reached(both.id, 'delayed');
    expect(await totalXp()).to.equal(USERS + 3);

    await other.query('ROLLBACK');
    expect(await jobs.reached(both.id, 'completed')).to.include({ attemptsMade: 1 });
    await until(async () => (await totalXp()) === USERS + 6);
    expect(await jobs.queue.getJobCounts('failed', 'delayed')).to.deep.equal({ failed: 0, delayed: 0 });
    const counted = (await metrics.getSingleMetric('botledger_units_total')?.get())?.values;
    expect(counted?.find(({ labels }) => labels['result'] === 'failed')?.value).to.equal(0);
    expect(counted?.find(({ labels }) => labels['result'] === 'locked')?.value).to.be.above(1);
  });

  it('are waited for once: as long as they are held, the next batches look first', async () => {
    const committer = new Committer(fresh.database);
    await hold(`SELECT * FROM users WHERE telegram_id = ${HELD} FOR UPDATE`);
    const batch = () => [5, 6, HELD, 8].map((user) => unitOf(addXp(user)));
    expect(await heldBack(committer, batch())).to.deep.equal([2]);
    const start = performance.now();
    for (let again = 0; again < 5; again++) expect(await heldBack(committer, batch())).to.deep.equal([2]);
    expect(performance.now() - start, 'not five times the limit').to.be.below(1_000);
    await other.query('ROLLBACK');
    expect(await heldBack(committer, batch())).to.deep.equal([]);
  });

  it('are waited for when it is another worker who holds them, with every batch, and nothing is put off', async () => {
    await other.query(`SET application_name = '${APPLICATION_NAME}'`);
    await hold(`SELECT * FROM users WHERE telegram_id = ${HELD} FOR UPDATE`);
    const rollbacks: unknown[] = [];
    const metrics = new BatchMetrics(new Registry());
    metrics.countRollback = (error) => void rollbacks.push(error);
    const committing = new Committer(fresh.database, { metrics }).commit([unitOf(addXp(HELD)), unitOf(addXp(8))]);
    await until(() => rollbacks.length > 1, { what: 'it has waited twice' });
    await other.query('ROLLBACK');
    expect((await committing).map(({ status }) => status)).to.deep.equal(['applied', 'applied']);
  });

  it('of another kind, as a promocode or a user who is just being created, are found by halving', async () => {
    const committer = new Committer(fresh.database);
    await committer.commit([unitOf({ name: 'createPromocode', code: 'SPRING', type: 'CREDITS', value: 1 })]);
    await hold(`SELECT * FROM promocodes FOR UPDATE`);
    await other.query(`INSERT INTO users (telegram_id, registration_date, last_activity) VALUES (2000, now(), now())`);
    const units = Array.from({ length: 16 }, (_, user) => unitOf(addXp(user)));
    units[3] = unitOf({ name: 'redeemPromocode', telegramId: 3, code: 'SPRING' });
    units[12] = unitOf(addXp(2000));
    expect(await heldBack(committer, units)).to.deep.equal([3, 12]);
    expect(await totalXp()).to.equal(USERS + 14);
  });

  it('all of them, by a lock on the table, are an outage', async () => {
    const redisUrl = await freshRedisUrl();
    const metrics = new Registry();
    const jobs = openQueue(redisUrl);
    opened.push(jobs, await startWorker(fresh.database, redisUrl, { metrics }));
    await hold('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const { id } = await jobs.add({ v: 1, units: [{ bot: 'b', key: 'a', at: 1, operations: [addXp(1)] }] });
    const isUp = async () => (await metrics.getSingleMetric('botledger_database_up')?.get())?.values[0]?.value;
    await until(async () => (await isUp()) === 0);
    await other.query('ROLLBACK');
    expect(await jobs.reached(id, 'completed')).to.include({ attemptsMade: 1 });
  });
});

describe('A batch that takes PostgreSQL too long', () => {
  /** Sleeps for as long as the batch is large, in its transaction. */
  class SlowDatabase extends Database {
    transactions = 0;
    override transaction<T>(work: Parameters<Database['transaction']>[0]): Promise<T> {
      this.transactions++;
      return super.transaction(async (session) => {
        const wrapped = {
          dialect: session.dialect,
          query: session.query.bind(session),
          send(statement: Parameters<typeof session.send>[0], values: readonly unknown[]) {
            if (statement.text.startsWith('UPDATE users')) {
              const rows = Array.isArray(values[0]) ? values[0].length : 1;
              session.send({ text: `SELECT pg_sleep(${rows * 0.05})` }, []);
            }
            session.send(statement, values);
          },
        };
        return work(wrapped);
      }) as Promise<T>;
    }
  }

  it('is halved until it fits, and fails nobody', async () => {
    const fresh = await freshDatabase('postgres');
    const database = new SlowDatabase({ url: fresh.url, lookupsOnly: true, statementTimeoutMs: 300 });
    await new Committer(fresh.database).commit(Array.from({ length: 16 }, (_, user) => unitOf(addXp(user))));
    const results = await new Committer(database).commit(Array.from({ length: 16 }, (_, user) => unitOf(addXp(user))));
    expect(results.every(({ status }) => status === 'applied')).to.equal(true);
    expect(database.transactions).to.be.within(7, 15);
    await closeAll([fresh, database]);
  });
});
