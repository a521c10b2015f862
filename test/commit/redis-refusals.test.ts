import { expect } from 'chai';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startCommitWorker } from '../../src/commit/worker.js';
import { readConfig } from '../../src/config.js';
import { BotLedger, QueueUnavailableError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { openQueue } from '../helpers/commit-worker.js';
import { freshDatabase } from '../helpers/databases.js';
import { startRedis, type TestRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';

const UNITS = 20;

describe('A Redis that answers, but refuses', () => {
  let redis: TestRedis;
  let admin: Redis;
  let ledger: BotLedger;
  let opened: Closable[];

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
    ledger = new BotLedger({ bot: 'spin_bot', redisUrl: redis.url });
    opened = [redis, { close: async () => admin.disconnect() }, ledger];
  });
  afterEach(() => closeAll(opened));

  const refusal = async () => {
    const start = performance.now();
    const error = await rejection(ledger.addXp(1, { xp: 1 }, { key: 'upd-1' }));
    expect(error).to.be.instanceOf(QueueUnavailableError);
    expect(performance.now() - start).to.be.below(1_400);
    return error.message;
  };
  const set = async (name: string, value: string) => void (await admin.config('SET', name, value));

  it('because it is out of memory, says so to bots, and workers rest and go on', async () => {
    const fresh = await freshDatabase('sqlite');
    const log: string[] = [];
    const logger = pino({}, { write: (line: string) => void log.push(line) });
    const config = readConfig({ DATABASE_URL: 'sqlite:unused', REDIS_URL: redis.url });
    const jobs = openQueue(redis.url);
    opened.push(fresh, jobs);
    for (let user = 0; user < UNITS; user++) await ledger.addXp(user, { xp: 1 });
    await set('maxmemory', '1mb');
    expect(await refusal())
      .to.contain('It is out of memory: raise its maxmemory')
      .and.contain('the same key "upd-1"');
    opened.push(await startCommitWorker({ config, database: fresh.database, logger }));
    await until(() => log.some((line) => line.includes('it is out of memory')));
    const scriptsRun = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
    const before = await scriptsRun();
    const refused = async () => Number(/errorstat_OOM:count=(\d+)/.exec(await admin.info('errorstats'))?.[1]);
    const first = await refused();
    await until(async () => (await refused()) > first, { what: 'it asks again after a rest' });
    expect((await scriptsRun()) - before, 'it does not ask on and on').to.be.below(50);
    expect(log.filter((line) => line.includes('it is out of memory'))).to.have.lengthOf(1);

    await set('maxmemory', '0');
    await until(async () => (await jobs.queue.getCompletedCount()) === UNITS);
    expect(await jobs.queue.getFailedCount()).to.equal(0);
    await ledger.addXp(1, { xp: 1 }, { key: 'upd-1' });
  });

  it('because it became a replica, says so, and is found again when it is the master', async () => {
    await ledger.addXp(1, { xp: 1 });
    await admin.replicaof('127.0.0.1', 1);
    expect(await refusal()).to.contain('It is a replica');
    await admin.replicaof('NO', 'ONE');
    await until(async () => ledger.addXp(1, { xp: 1 }, { key: 'upd-1' }).catch(() => undefined));
  });

  it('because it has lost its replicas, says so', async () => {
    await set('min-replicas-to-write', '1');
    expect(await refusal()).to.contain('It has too few replicas');
    await set('min-replicas-to-write', '0');
    await ledger.addXp(1, { xp: 1 }, { key: 'upd-1' });
  });
});
