import { once } from 'node:events';
import { Queue } from 'bullmq';
import { expect } from 'chai';
import { readConfig } from '../../src/config.js';
import { addDays } from '../../src/domain/time.js';
import { closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { SCHEDULE_QUEUE } from '../../src/queue.js';
import { openWorkerRedis, type RedisClient } from '../../src/redis.js';
import { type ScheduledJob, scheduledJobs } from '../../src/schedule/jobs.js';
import { startSchedule } from '../../src/schedule/worker.js';
import { insertSubscription, insertUser } from '../factories.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl, startRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

describe('the schedule worker', () => {
  let fresh: FreshDatabase;
  let redisUrl: string;
  let redis: RedisClient;
  let queue: Queue;

  beforeEach(async () => {
    fresh = await freshDatabase('sqlite');
    redisUrl = await freshRedisUrl();
    redis = openWorkerRedis(redisUrl);
    queue = new Queue(SCHEDULE_QUEUE, { connection: redis });
  });
  afterEach(async () => {
    await queue.close();
    redis.disconnect();
    await fresh.close();
  });

  const start = (jobs?: readonly ScheduledJob[]) => {
    const config = readConfig({ DATABASE_URL: fresh.url, REDIS_URL: redisUrl });
    return startSchedule({ config, database: fresh.database, logger: createLogger('schedule', 'silent') }, jobs);
  };
  const everySecond = (runOnce: ScheduledJob['runOnce']) => [{ name: 'tick', pattern: '* * * * * *', runOnce }];

  // First, because BullMQ keeps a timer of its own for some seconds after such an end.
  it('closes although Redis is away', async () => {
    const own = await startRedis();
    const config = readConfig({ DATABASE_URL: fresh.url, REDIS_URL: own.url });
    const logger = createLogger('schedule', 'silent');
    const worker = await startSchedule({ config, database: fresh.database, logger });
    await own.kill();
    const watcher = openWorkerRedis(own.url);
    await once(watcher, 'error');
    watcher.disconnect();

    const start = performance.now();
    await worker.close();
    expect(performance.now() - start).to.be.below(1_000);
  });

  it('keeps every job on schedule in Redis, in UTC', async () => {
    const worker = await start();
    const schedulers = await queue.getJobSchedulers();
    const seen = schedulers.map(({ key, pattern, tz }) => [key, pattern, tz]).sort();
    expect(seen).to.deep.equal(scheduledJobs.map(({ name, pattern }) => [name, pattern, 'UTC']).sort());
    await worker.close();
  });

  it('runs each due job once, however many workers start, stop and start again', async () => {
    let runs = 0;
    const jobs = everySecond(async () => ({ run: ++runs }));
    const workers = [await start(jobs), ...(await Promise.all([start(jobs), start(jobs)]))];
    await until(() => runs >= 2);
    await workers.pop()?.close();
    workers.push(await start(jobs));
    await until(() => runs >= 4);
    await closeAll(workers);

    const done = await queue.getCompleted();
    expect(done.map(({ returnvalue }) => returnvalue.run)).to.have.members(numbersTo(runs));
    // BullMQ names a run after its scheduler and the moment it is due.
    const moments = new Set(done.map(({ id }) => Number(id?.split(':').pop())));
    expect(moments.size).to.equal(runs);
    for (const moment of moments) expect(moment % 1_000).to.equal(0);
  });

  it('leaves a run that is due to whoever comes up next, also after a downtime', async () => {
    const yesterday = Date.now() - 24 * 60 * 60 * 1000;
    let runs = 0;
    const jobs = [{ name: 'daily', pattern: '17 3 * * *', runOnce: async () => ({ run: ++runs }) }];
    await (await start(jobs)).close();
    const [pending] = await queue.getDelayed();
    expect(pending).not.to.equal(undefined);
    await redis.zadd(queue.toKey('delayed'), yesterday * 0x1000, pending?.id as string);

    const worker = await start(jobs);
    await until(() => runs === 1);
    await worker.close();
    expect(await queue.getDelayedCount()).to.equal(1);
  });

  it('puts a job back on schedule when a person removed its next run or changed its times', async () => {
    const times = async () => {
      const [scheduler] = await queue.getJobSchedulers();
      const [pending] = await queue.getDelayed();
      return [scheduler?.pattern, pending?.repeatJobKey];
    };
    const jobs = [{ name: 'daily', pattern: '17 3 * * *', runOnce: async () => ({}) }];
    await (await start(jobs)).close();
    for (const meddle of [() => queue.drain(true), () => queue.upsertJobScheduler('daily', { pattern: '0 0 1 1 *' })]) {
      await meddle();
      await (await start(jobs)).close();
      expect(await times()).to.deep.equal(['17 3 * * *', 'daily']);
    }
  });

  it('runs the real jobs, and shows what they did', async () => {
    const user = await insertUser(fresh.database);
    await insertSubscription(fresh.database, user, { endDate: new Date(Date.now() - 1) });
    const other = await insertUser(fresh.database);
    await insertSubscription(fresh.database, other, { endDate: addDays(new Date(), 2) });
    const worker = await start();
    for (const { name } of scheduledJobs) await queue.add(name, {});
    const runs = await until(async () => {
      const completed = await queue.getCompleted();
      return completed.length >= scheduledJobs.length ? completed : undefined;
    });
    const results = runs.map(({ name, returnvalue }) => [name, returnvalue]).sort();
    expect(results).to.deep.include.members([
      ['expireSubscriptions', { expired: 1 }],
      ['pruneLedger', { pruned: 0 }],
      ['remindExpiring', { reminded: 1 }],
    ]);
    await worker.close();
  });

  it('shows why a job failed, and runs it again at its next time', async () => {
    let runs = 0;
    const worker = await start(
      everySecond(async () => {
        if (++runs === 1) throw new Error('the database is away');
        return {};
      }),
    );
    await until(() => runs >= 2);
    await worker.close();
    const [failed] = await queue.getFailed();
    expect(failed?.failedReason).to.equal('the database is away');
  });

  it('tells a running job that the process closes, and waits for it', async () => {
    let told = false;
    let started = false;
    const worker = await start(
      everySecond(async ({ signal }) => {
        started = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        told = true;
        return {};
      }),
    );
    await until(() => started);
    await worker.close();
    expect(told).to.equal(true);
    expect(await queue.getCompleted()).not.to.deep.equal([]);
  });
});

const numbersTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
