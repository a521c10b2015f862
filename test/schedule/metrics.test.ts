import { expect } from 'chai';
import { Registry } from 'prom-client';
import { readConfig } from '../../src/config.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { OutboxEvent } from '../../src/models/index.js';
import { openWorkerRedis, type RedisClient } from '../../src/redis.js';
import type { ScheduledJob } from '../../src/schedule/jobs.js';
import { ScheduleMetrics } from '../../src/schedule/metrics.js';
import { startSchedule } from '../../src/schedule/worker.js';
import { insertUser } from '../factories.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { samplesOf } from '../helpers/samples.js';
import { until } from '../helpers/until.js';

const AGE = 'botledger_outbox_oldest_event_age_seconds';
const LAST = 'botledger_scheduled_last_success_timestamp_seconds';

describe('The metrics of a schedule worker', () => {
  let fresh: FreshDatabase;
  let redisUrl: string;
  let redis: RedisClient;
  let opened: Closable[];

  const open = async (dialect: (typeof dialects)[number]) => {
    fresh = await freshDatabase(dialect);
    redisUrl = await freshRedisUrl();
    redis = openWorkerRedis(redisUrl);
    opened = [fresh, { close: async () => redis.disconnect() }];
  };
  afterEach(() => closeAll(opened));

  const measure = (jobs: readonly string[] = []) => {
    const metrics = new Registry();
    const measured = new ScheduleMetrics({ metrics, database: fresh.database, redis, jobs });
    return { measured, samples: async () => samplesOf(await metrics.metrics()) };
  };

  for (const dialect of dialects) {
    it(`tell on ${dialect} what waits in the outbox, and about how large the ledger is`, async () => {
      await open(dialect);
      const { samples } = measure();
      const none = await samples();
      expect(none.get('botledger_outbox_waiting_events')).to.equal(0);
      expect(none.get(AGE)).to.equal(0);
      expect(none.get('botledger_ledger_rows')).to.equal(0);

      const { id: userId } = await insertUser(fresh.database);
      const event = (ageSeconds: number, more = {}) => ({
        ...{ userId, type: 'badge.awarded', payload: {} },
        ...{ createdAt: new Date(Date.now() - ageSeconds * 1_000), ...more },
      });
      const outbox = fresh.database.sequelize.getRepository(OutboxEvent);
      await outbox.bulkCreate([event(7_200, { deliveredAt: new Date() }), event(3_600), event(60)]);
      const some = await samples();
      expect(some.get('botledger_outbox_waiting_events')).to.equal(2);
      expect(some.get(AGE)).to.be.within(3_600, 3_660);
    });
  }

  it('are silent on the database while it is away', async () => {
    await open('sqlite');
    const { samples } = measure();
    await fresh.database.sequelize.query('ALTER TABLE outbox RENAME TO elsewhere');
    expect([...(await samples()).keys()])
      .to.include('botledger_ledger_rows')
      .and.not.to.include(AGE);
  });

  it('tell when a job last did its work, also to processes that did not do it; before that, since when it is due', async () => {
    await open('sqlite');
    const at = `${LAST}{scheduled_job="tick"}`;
    const [one, other] = [measure(['tick']), measure(['tick'])];
    expect((await one.samples()).has(at)).to.equal(false);
    await one.measured.begin('tick');
    const began = (await other.samples()).get(at) ?? 0;
    expect(began).to.be.closeTo(Date.now() / 1_000, 60);
    one.measured.countFailed('tick');
    await other.measured.begin('tick');
    expect((await one.samples()).get(at)).to.equal(began);
    await until(() => Date.now() / 1_000 > began, { what: 'the clock goes on' });
    await one.measured.countDone('tick');
    expect((await other.samples()).get(at)).to.be.greaterThan(began);
  });

  it('count runs', async () => {
    await open('sqlite');
    const metrics = new Registry();
    let runs = 0;
    const runOnce = async () => {
      if (runs++ === 0) throw new Error('the first one fails');
      return {};
    };
    const jobs: ScheduledJob[] = [{ name: 'tick', pattern: '* * * * * *', runOnce }];
    const config = readConfig({ DATABASE_URL: fresh.url, REDIS_URL: redisUrl });
    const logger = createLogger('schedule', 'silent');
    opened.push(await startSchedule({ config, database: fresh.database, metrics, logger }, jobs));
    const counted = (samples: Map<string, number>, result: string) =>
      samples.get(`botledger_scheduled_runs_total{scheduled_job="tick",result="${result}"}`) ?? 0;
    await until(async () => counted(samplesOf(await metrics.metrics()), 'done') > 0, { what: 'a run is done' });
    const samples = samplesOf(await metrics.metrics());
    expect(counted(samples, 'failed')).to.equal(1);
    expect(samples.get('botledger_redis_up')).to.equal(1);
  });
});
