import { expect } from 'chai';
import { BotLedger } from '../src/index.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import type { Unit } from '../src/operations/unit.js';
import { partitionOf, UNITS_QUEUE, UnitQueues, unitJobOptions, unitQueuesWith } from '../src/queue.js';
import { openWorkerRedis, type RedisClient } from '../src/redis.js';
import { startTestApi } from './api/harness.js';
import { startWorker } from './helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from './helpers/databases.js';
import { freshRedisUrl } from './helpers/redis.js';
import { until } from './helpers/until.js';

const THREE = { QUEUE_PARTITIONS: '3' };

describe('The partition of a unit', () => {
  const partition = (...telegramIds: (number | undefined)[]) => {
    const operations = telegramIds.map((telegramId) => ({
      name: 'x',
      ...(telegramId === undefined ? {} : { telegramId }),
    }));
    return partitionOf({ operations }, 3);
  };

  it('is told by the first user that it names', () => {
    expect([1, 2, 3, -4, 9_007_199_254_740_991].map((user) => partition(user))).to.deep.equal([1, 2, 0, 1, 1]);
    expect(partition(undefined, 5, 6)).to.equal(2);
  });

  it('is the first when it names none', () => {
    expect(partition(undefined)).to.equal(0);
  });
});

describe('With several partitions', () => {
  let fresh: FreshDatabase;
  let redisUrl: string;
  let redis: RedisClient;
  let queues: UnitQueues;
  let ledger: BotLedger;
  const opened: Closable[] = [];

  const open = <T extends Closable>(closable: T): T => {
    opened.push(closable);
    return closable;
  };

  beforeEach(async () => {
    fresh = open(await freshDatabase('sqlite'));
    redisUrl = await freshRedisUrl();
    redis = openWorkerRedis(redisUrl);
    open({ close: async () => redis.disconnect() });
    queues = open(new UnitQueues(redis, 3));
    ledger = open(new BotLedger({ bot: 'spin_bot', redisUrl, queuePartitions: 3 }));
  });
  afterEach(() => closeAll(opened.splice(0)));

  const keysOf = async (index: number) => {
    const jobs = (await queues.all[index]?.getWaiting()) ?? [];
    return jobs.flatMap(({ data }) => (data.units as Unit[]).map(({ key }) => key)).sort();
  };

  it('each user has a queue of their own, and receipts are in the order of the units', async () => {
    const units = [1, 2, 3, 4, 5, 6].map((user) => ({
      key: `upd-${user}`,
      build: (unit: { addXp(user: number, payload: { xp: number }): void }) => unit.addXp(user, { xp: user }),
    }));
    const receipts = await ledger.enqueueMany(units);
    expect(queues.all.map(({ name }) => name)).to.deep.equal([UNITS_QUEUE, `${UNITS_QUEUE}~1`, `${UNITS_QUEUE}~2`]);
    expect(await keysOf(0)).to.deep.equal(['upd-3', 'upd-6']);
    expect(await keysOf(1)).to.deep.equal(['upd-1', 'upd-4']);
    expect(await keysOf(2)).to.deep.equal(['upd-2', 'upd-5']);

    open(await startWorker(fresh.database, redisUrl, { env: THREE }));
    const outcomes = await Promise.all(receipts.map((receipt) => receipt.result()));
    expect(outcomes.map(([outcome]) => (outcome as { totalXp: number }).totalXp)).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('a unit that fails in a pack is put back into its own queue', async () => {
    open(await startWorker(fresh.database, redisUrl, { env: THREE }));
    const good = { bot: 'spin_bot', key: 'good', at: 1, operations: [{ name: 'addXp', telegramId: 2, xp: 1 }] };
    const bad = { ...good, key: 'bad', operations: [{ name: 'addXp', telegramId: 5, xp: 'much' }] };
    await queues.all[2]?.add('pack', { v: 1, units: [good, bad] }, unitJobOptions);
    await until(async () => (await queues.all[2]?.getFailedCount()) === 1);
    expect(await queues.all[0]?.getFailedCount()).to.equal(0);
  });

  it('deleting a user removes their jobs from every queue', async () => {
    open(await startWorker(fresh.database, redisUrl, { env: THREE }));
    const both = await ledger.unit({}, (unit) => {
      unit.addXp(2, { xp: 1 });
      unit.addXp(1, { xp: 1 });
    });
    await both.result();
    await (await ledger.deleteUser(1)).result();
    expect(await queues.all[2]?.getCompletedCount()).to.equal(0);
  });

  it('a worker that knows of fewer takes the jobs of all, whether they were there before it or not', async () => {
    const receipt = await ledger.addXp(2, { xp: 5 });
    expect(await unitQueuesWith(['wait'], redis)).to.deep.equal([`${UNITS_QUEUE}~2`]);
    open(await startWorker(fresh.database, redisUrl, { env: { STALLED_AFTER_SECONDS: '2' } }));
    expect(await receipt.result()).to.include({ totalXp: 5 });
    expect(await (await ledger.addXp(1, { xp: 6 })).result()).to.include({ totalXp: 6 });
  });

  it('the HTTP API finds a unit by its key, and refuses its key for another user', async () => {
    const api = open(await startTestApi({ redisUrl, databaseUrl: fresh.url, env: THREE }));
    const headers = { 'idempotency-key': 'upd-1' };
    const send = (telegramId: number, more = {}) =>
      api.post(
        '/v1/bots/spin_bot/operations',
        { operations: [{ name: 'addXp', telegramId, xp: 5 }] },
        { headers: { ...headers, ...more } },
      );
    expect((await send(2)).status).to.equal(202);
    expect(await keysOf(2)).to.deep.equal(['upd-1']);
    expect((await send(1)).status).to.equal(409);
    const state = async () => (await api.get('/v1/bots/spin_bot/operations/upd-1')).json();
    expect(await state()).to.include({ status: 'waiting' });

    open(await startWorker(fresh.database, redisUrl, { env: THREE }));
    expect((await send(2, { prefer: 'wait=10' })).status).to.equal(200);
    expect(await state()).to.include({ status: 'applied' });
  });
});
