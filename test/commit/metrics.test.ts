import { expect } from 'chai';
import { Registry } from 'prom-client';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { unitJobOptions } from '../../src/queue.js';
import { insertSubscription, insertUser } from '../factories.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { counted, samplesOf } from '../helpers/samples.js';
import { until } from '../helpers/until.js';

const AT = Date.UTC(2026, 0, 15);

const unit = (key: string, ...operations: object[]) => ({
  ...{ bot: 'spin_bot', key, at: AT },
  operations: operations.map((operation) => ({ name: 'addXp', telegramId: 1, ...operation })),
});
const payment = (paymentId: string, tariff: string) => ({
  ...{ name: 'recordPayment', provider: 'yookassa', paymentId, amount: '990', tariff, status: 'COMPLETED' },
});

describe('The metrics of a commit worker', () => {
  let fresh: FreshDatabase;
  let jobs: TestQueue;
  let metrics: Registry;
  let opened: Closable[];
  const { attempts, backoff } = unitJobOptions;
  before(() => Object.assign(unitJobOptions, { attempts: 1 }));
  after(() => Object.assign(unitJobOptions, { attempts }));

  beforeEach(async () => {
    fresh = await freshDatabase('sqlite');
    const redisUrl = await freshRedisUrl();
    jobs = openQueue(redisUrl);
    metrics = new Registry();
    opened = [fresh, jobs, await startWorker(fresh.database, redisUrl, { metrics })];
  });
  afterEach(() => closeAll(opened));

  const send = async (...units: object[]) => jobs.reached((await jobs.add({ v: 1, units })).id, 'completed', 'failed');
  const units = async () => counted(await metrics.metrics(), 'botledger_units_total');
  const operations = async () => counted(await metrics.metrics(), 'botledger_operations_total');

  it('begin at 0, each with its heading once', async () => {
    const text = await metrics.metrics();
    const samples = samplesOf(text);
    expect(samples.get('botledger_units_total{result="failed"}')).to.equal(0);
    expect(samples.get('botledger_operations_total{operation="addXp",result="applied"}')).to.equal(0);
    expect(samples.get('botledger_unknown_tariffs_total')).to.equal(0);
    const headings = text.split('\n').filter((line) => line.startsWith('# TYPE'));
    expect(new Set(headings).size).to.equal(headings.length);
  });

  it('count units and operations that are applied, and those that are repeated, in one batch or later', async () => {
    await send(
      unit('a', { xp: 1 }, { name: 'addScore', score: 5 }),
      unit('a', { xp: 1 }, { name: 'addScore', score: 5 }),
    );
    await send(unit('a', { xp: 1 }, { name: 'addScore', score: 5 }));
    expect(await units()).to.deep.equal({
      'botledger_units_total{result="applied"}': 1,
      'botledger_units_total{result="repeated"}': 2,
    });
    expect(await operations()).to.deep.equal({
      'botledger_operations_total{operation="addXp",result="applied"}': 1,
      'botledger_operations_total{operation="addXp",result="repeated"}': 2,
      'botledger_operations_total{operation="addScore",result="applied"}': 1,
      'botledger_operations_total{operation="addScore",result="repeated"}': 2,
    });
  });

  it('count what is refused, dropped or fails, and name nothing that comes from outside', async () => {
    await send(unit('a', { xp: 1 }));
    await send(unit('a', { xp: 2 }));
    await send(unit('b', { name: 'noSuchThing', secret: 'hunter2' }));
    await send({ ...unit('c', { name: 'deleteUser', telegramId: 2 }) });
    await send(unit('d', { xp: 1, telegramId: 2 }));
    const user = await insertUser(fresh.database, { telegramId: 3 });
    await insertSubscription(fresh.database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
    await send(unit('e', { name: 'createSubscription', telegramId: 3, type: 'YEAR' }));
    expect(await units()).to.deep.equal({
      'botledger_units_total{result="applied"}': 2,
      'botledger_units_total{result="conflict"}': 1,
      'botledger_units_total{result="invalid"}': 1,
      'botledger_units_total{result="dropped"}': 1,
      'botledger_units_total{result="failed"}': 1,
    });
    expect(await operations()).to.deep.equal({
      'botledger_operations_total{operation="addXp",result="applied"}': 1,
      'botledger_operations_total{operation="addXp",result="conflict"}': 1,
      'botledger_operations_total{operation="addXp",result="dropped"}': 1,
      'botledger_operations_total{operation="deleteUser",result="applied"}': 1,
      'botledger_operations_total{operation="createSubscription",result="failed"}': 1,
    });
    expect(await metrics.metrics()).not.to.match(/noSuchThing|hunter2|spin_bot/);
  });

  it('measure batches, and how long outcomes take from the enqueueing of their job', async () => {
    const data = { v: 1, units: [unit('a', { xp: 1 }), unit('b', { xp: 1 })] };
    const timestamp = Date.now() - 7_000;
    const { id } = await jobs.queue.add('test', data, { ...unitJobOptions, timestamp });
    await jobs.reached(id, 'completed');
    await send(unit('c', { xp: -1, levels: 'none' }));
    const samples = samplesOf(await metrics.metrics());
    const below = (name: string, bound: string) => samples.get(`botledger_${name}_bucket{le="${bound}"}`);
    expect([below('batch_units', '1'), below('batch_units', '2')]).to.deep.equal([0, 1]);
    expect(samples.get('botledger_batch_duration_seconds_count')).to.equal(1);
    expect(samples.get('botledger_batch_duration_seconds_sum')).to.be.within(0.000_1, 10);
    expect(below('outcome_latency_seconds', '5')).to.equal(0);
    expect(samples.get('botledger_outcome_latency_seconds_count')).to.equal(1);
  });

  it('count what is done again: transactions by the reason, units that are put back, attempts after the first', async () => {
    const user = await insertUser(fresh.database, { telegramId: 3 });
    await insertSubscription(fresh.database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
    const bad = unit('bad', { name: 'createSubscription', telegramId: 3, type: 'YEAR' });
    Object.assign(unitJobOptions, { attempts: 2, backoff: { type: 'fixed', delay: 1 } });
    await send(unit('good', { xp: 1 }), bad);
    const failed = async () => (await jobs.queue.getJobCountByTypes('failed')) === 1;
    await until(failed, { what: 'the bad unit failed for good' });
    Object.assign(unitJobOptions, { attempts: 1, backoff });
    const seen = counted(await metrics.metrics(), 'botledger_');
    expect(seen).to.include({
      botledger_units_put_back_total: 1,
      'botledger_retried_units_total{result="failed"}': 1,
      botledger_batch_units_count: 1,
    });
    expect(seen['botledger_batch_rollbacks_total{reason="units"}']).to.be.at.least(3);
    expect(Object.keys(seen).join()).not.to.match(/reason="(race|deadlock|overlap|database)"|handed_back|stalled/);
  });

  it('count completed payments of unknown tariffs, each once', async () => {
    await send(unit('a', payment('p-1', 'month')), unit('b', payment('p-2', 'unheard-of')));
    await send(unit('c', payment('p-3', 'unheard-of'), { xp: 1 }));
    await send(unit('c', payment('p-3', 'unheard-of'), { xp: 1 }));
    await send(unit('d', payment('p-3', 'unheard-of')));
    expect(samplesOf(await metrics.metrics()).get('botledger_unknown_tariffs_total')).to.equal(2);
  });
});
