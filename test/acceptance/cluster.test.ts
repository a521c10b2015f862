import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { readConfig } from '../../src/config.js';
import { EventQueue } from '../../src/event-queue.js';
import { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { IdempotencyKey } from '../../src/models/index.js';
import { UNITS_QUEUE, UnitQueues, unitQueueNames } from '../../src/queue.js';
import { openWorkerRedis, type RedisClient } from '../../src/redis.js';
import { startSchedule } from '../../src/schedule/worker.js';
import { ADMIN, startTestApi } from '../api/harness.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { startRedisCluster, type TestCluster } from '../helpers/redis-cluster.js';
import { until } from '../helpers/until.js';

const PARTITIONS = 3;
const UNITS = 12_000;

/** A second, and some for a machine with other things to do. */
const A_SECOND = 1_500;

/** What the producers' units add up to, by user. */
function expectedXp(): Record<number, number> {
  const xp: Record<number, number> = {};
  for (let number = 1; number <= UNITS; number++) {
    const user = 1 + (number % 100);
    xp[user] = (xp[user] ?? 0) + 1 + (number % 7);
  }
  return xp;
}

describe('On a Redis Cluster', () => {
  let cluster: TestCluster;
  let fresh: FreshDatabase;
  let redis: RedisClient;
  let queues: UnitQueues;
  let environment: Record<string, string>;
  const opened: Closable[] = [];

  before(async function () {
    this.timeout(60_000);
    [cluster, fresh] = await Promise.all([startRedisCluster(), freshDatabase('postgres')]);
    redis = openWorkerRedis(cluster.url);
    queues = new UnitQueues(redis, PARTITIONS);
    opened.push(fresh, cluster, { close: async () => redis.disconnect() }, queues);
    environment = {
      DATABASE_URL: fresh.url,
      REDIS_URL: cluster.url,
      QUEUE_PARTITIONS: `${PARTITIONS}`,
      STALLED_AFTER_SECONDS: '3',
    };
  });
  after(() => closeAll(opened));

  const produce = (first: number, last: number) =>
    startProcess('test/acceptance/steady-producer.js', { args: ['spin_bot', `${first}`, `${last}`], environment });
  const countLedger = () => fresh.database.sequelize.getRepository(IdempotencyKey).count();

  async function drained(): Promise<void> {
    const unfinished = async () => {
      const counts = await Promise.all(
        queues.all.map((queue) => queue.getJobCountByTypes('wait', 'active', 'delayed')),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    };
    await until(async () => (await unfinished()) === 0, { timeoutMs: 40_000, what: 'the queues are empty' });
  }

  it('the queues are spread over all masters', async () => {
    const names = unitQueueNames(6, redis);
    const slots = await Promise.all(names.map((name) => redis.call('CLUSTER', 'KEYSLOT', name)));
    const masters = slots.map((slot) => Math.floor((Number(slot) * 3) / 16_384));
    expect(masters.slice(0, 3).sort()).to.deep.equal([0, 1, 2]);
    expect(masters.sort()).to.deep.equal([0, 0, 1, 1, 2, 2]);
  });

  it('a master killed under load costs nothing: its replica takes over, and every unit is applied once', async function () {
    this.timeout(120_000);
    const workers: Process[] = [0, 1].map(() => startProcess('workers/commit.js', { environment }));
    opened.push(...workers);
    await Promise.all(workers.map((worker) => worker.says('commit worker is ready')));

    const producers = [produce(1, UNITS / 2), produce(UNITS / 2 + 1, UNITS)];
    await until(async () => (await countLedger()) > UNITS / 20, { what: 'work is under way', everyMs: 5 });
    await cluster.failOver(`{${UNITS_QUEUE}}`, 'kill');
    for (const producer of producers) expect(await producer.exited, producer.output()).to.equal(0);
    const told = (what: RegExp) => producers.map((producer) => Number(what.exec(producer.output())?.[1]));
    expect(Math.max(...told(/refused (\d+)/)), 'the master was killed while units were sent').to.be.above(0);
    expect(Math.max(...told(/slowest (\d+)/)), 'a call never hangs').to.be.below(A_SECOND);

    // A Redis that takes over may have missed the last moments of the one before: whoever wants them sends again.
    const again = produce(1, UNITS);
    expect(await again.exited, again.output()).to.equal(0);
    await drained();

    expect(await countLedger()).to.equal(UNITS);
    const rows = await fresh.database.sequelize.query<{ telegram_id: number; total_xp: number }>(
      'SELECT telegram_id, total_xp FROM users',
      { type: QueryTypes.SELECT },
    );
    expect(Object.fromEntries(rows.map((row) => [row.telegram_id, row.total_xp]))).to.deep.equal(expectedXp());
    expect(await Promise.all(queues.all.map((queue) => queue.getFailedCount()))).to.deep.equal([0, 0, 0]);
  });

  it('a master that hangs is left for its replica, and results come from every partition', async function () {
    this.timeout(60_000);
    const ledger = new BotLedger({ bot: 'spin_bot', redisUrl: cluster.url, queuePartitions: PARTITIONS });
    opened.push(ledger);
    const users = [1_001, 1_002, 1_003];
    const xpOf = async (key: string) => {
      const send = (user: number) => until(() => ledger.addXp(user, { xp: 5 }, { key: `${key}-${user}` }));
      const receipts = await Promise.all(users.map(send));
      const results = await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 20_000 })));
      return results.map(({ totalXp }) => totalXp);
    };
    expect(await xpOf('before')).to.deep.equal([5, 5, 5]);
    await cluster.failOver(`{${UNITS_QUEUE}~1}`, 'pause');
    expect(await xpOf('after')).to.deep.equal([10, 10, 10]);
  });

  it('the HTTP API, its dashboard and the schedule work there', async function () {
    this.timeout(30_000);
    const { database } = fresh;
    const api = await startTestApi({ redisUrl: cluster.url, databaseUrl: fresh.url, env: environment });
    const config = readConfig({ DATABASE_URL: fresh.url, REDIS_URL: cluster.url });
    const schedule = await startSchedule({ config, database, logger: createLogger('schedule', 'silent') });
    opened.push(api, schedule);
    expect((await api.get('/readyz')).status).to.equal(200);

    const send = (telegramId: number) =>
      api.post(
        '/v1/bots/spin_bot/operations',
        { operations: [{ name: 'addXp', telegramId, xp: 5 }] },
        { headers: { prefer: 'wait=10', 'idempotency-key': `http-${telegramId}` } },
      );
    const answers = await Promise.all([2_001, 2_002, 2_003].map(send));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
    const state = await api.get('/v1/bots/spin_bot/operations/http-2001');
    expect(await state.json()).to.include({ status: 'applied' });

    const login = await fetch(`${api.url}/admin/login`, {
      method: 'POST',
      headers: { origin: api.url },
      body: new URLSearchParams({ ...ADMIN }),
      redirect: 'manual',
    });
    const cookies = login.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
    const headers = { cookie: cookies.join('; ') };
    const board = await fetch(`${api.url}/admin/queues/api/queues`, { headers });
    const { queues: shown } = (await board.json()) as { queues: { name: string }[] };
    expect(shown.map(({ name }) => name)).to.deep.equal([
      '{botledger}',
      '{botledger~1}',
      '{botledger~2}',
      '{botledger-schedule}',
    ]);
  });

  it('events come to the bots there', async function () {
    this.timeout(30_000);
    const ledger = new BotLedger({ bot: 'spin_bot', redisUrl: cluster.url, queuePartitions: PARTITIONS });
    opened.push(ledger);
    const told: string[] = [];
    await ledger.onEvent('badge.awarded', ({ telegramId, payload }) => {
      told.push(`${telegramId} ${payload.badgeType}`);
    });
    for (const badgeType of ['novice', 'guru']) {
      // A connection that is new finds the masters that there are by and by.
      await until(() => ledger.awardBadge(3_001, { badgeType }));
    }
    await until(() => told.length >= 2, { timeoutMs: 20_000, what: 'the bot is told' });
    expect(told).to.have.members(['3001 novice', '3001 guru']);
    await until(() => ledger.deleteUser(3_001));
    const events = new EventQueue(redis, 'spin_bot');
    opened.push(events);
    await until(async () => (await events.queue.getCompletedCount()) === 0, {
      timeoutMs: 20_000,
      what: 'all is forgotten',
    });
  });
});
