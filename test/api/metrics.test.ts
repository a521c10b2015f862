import { expect } from 'chai';
import { addWish, EventQueue } from '../../src/event-queue.js';
import { unitJobOptions } from '../../src/queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { badgeEvent } from '../helpers/events.js';
import { startRedis } from '../helpers/redis.js';
import { samplesOf } from '../helpers/samples.js';
import { problemOf, SPIN_TOKEN, startTestApi, type TestApi } from './harness.js';

const TOKEN = 'token-of-prometheus';

describe('GET /metrics', () => {
  const opened: TestApi[] = [];
  afterEach(async () => {
    for (const api of opened.splice(0)) await api.close();
  });
  async function open(options: Parameters<typeof startTestApi>[0] = {}): Promise<TestApi> {
    const api = await startTestApi(options);
    opened.push(api);
    return api;
  }
  const read = async (api: TestApi) => samplesOf(await (await fetch(`${api.url}/metrics`)).text());

  it('is in the text format of Prometheus, with each heading once however many queues there are', async () => {
    const api = await open();
    const response = await fetch(`${api.url}/metrics`);
    expect(response.status).to.equal(200);
    expect(response.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).to.equal('no-store');
    const lines = (await response.text()).split('\n');
    for (const kind of ['# HELP', '# TYPE']) {
      const names = lines.filter((line) => line.startsWith(kind)).map((line) => line.split(' ')[2]);
      expect(names).to.include('botledger_queue_jobs').and.to.have.lengthOf(new Set(names).size);
    }
  });

  it('tells the depth of the queues by state, and how old the oldest job is that is not done', async () => {
    const api = await open();
    const none = await read(api);
    expect(none.get('botledger_redis_up')).to.equal(1);
    for (const queue of ['botledger', 'botledger-schedule']) {
      for (const state of ['waiting', 'active', 'delayed', 'prioritized', 'completed', 'failed']) {
        expect(none.get(`botledger_queue_jobs{queue="${queue}",state="${state}"}`), state).to.equal(0);
      }
      expect(none.get(`botledger_queue_oldest_job_age_seconds{queue="${queue}"}`)).to.equal(0);
    }

    const add = (age: number, more = {}) =>
      api.units.add('addXp', { v: 1, units: [] }, { ...unitJobOptions, timestamp: Date.now() - age * 1_000, ...more });
    await add(3_600);
    await add(60);
    await add(7_200, { delay: 86_400_000 });
    const some = await read(api);
    expect(some.get('botledger_queue_jobs{queue="botledger",state="waiting"}')).to.equal(2);
    expect(some.get('botledger_queue_jobs{queue="botledger",state="delayed"}')).to.equal(1);
    expect(some.get('botledger_queue_oldest_job_age_seconds{queue="botledger"}')).to.be.within(3_600, 3_660);
  });

  it('tells the events of all bots as those of one queue, and names none of them', async () => {
    const api = await open();
    expect((await read(api)).get('botledger_queue_jobs{queue="botledger-events",state="waiting"}')).to.equal(0);
    const redis = openWorkerRedis(api.redisUrl);
    for (const [index, bot] of ['spin_bot', 'quiz_bot'].entries()) {
      await addWish(redis, bot, { type: '*', from: 'all' });
      const queue = new EventQueue(redis, bot);
      await queue.add([badgeEvent(index, 1)]);
      await queue.close();
    }
    redis.disconnect();
    const some = await read(api);
    expect(some.get('botledger_queue_jobs{queue="botledger-events",state="waiting"}')).to.equal(2);
    expect([...some.keys()].join()).not.to.match(/spin_bot|quiz_bot/);
  });

  it('tells how long requests took, by the route as it is declared', async () => {
    const api = await open();
    await api.get('/v1/users/4242');
    await api.get('/v1/users/4242?secret=hunter2');
    await fetch(`${api.url}/nowhere/4242`, { method: 'PROPFIND' });
    const requests = Object.fromEntries(
      [...(await read(api))].filter(([name]) => name.startsWith('botledger_http_request_duration_seconds_count')),
    );
    const name = (labels: string) => `botledger_http_request_duration_seconds_count{${labels}}`;
    expect(requests).to.deep.equal({
      [name('method="GET",route="/v1/users/:telegramId",status="404"')]: 1,
      [name('method="GET",route="/v1/users/:telegramId",status="400"')]: 1,
      [name('method="other",route="none",status="404"')]: 1,
    });
  });

  it('says that Redis is away, and then nothing of the queues', async () => {
    const redis = await startRedis();
    const api = await open({ redisUrl: redis.url });
    expect((await read(api)).get('botledger_redis_up')).to.equal(1);
    await redis.stop();
    const away = await read(api);
    expect(away.get('botledger_redis_up')).to.equal(0);
    expect([...away.keys()].filter((name) => name.startsWith('botledger_queue'))).to.deep.equal([]);
    await redis.close();
  });

  it('is for who shows METRICS_TOKEN, where there is one; the token of a bot is none', async () => {
    const api = await open({ env: { METRICS_TOKEN: TOKEN } });
    expect((await api.get('/metrics', { token: TOKEN })).status).to.equal(200);
    for (const response of [await fetch(`${api.url}/metrics`), await api.get('/metrics', { token: SPIN_TOKEN })]) {
      expect(response.headers.get('www-authenticate')).to.equal('Bearer');
      expect(await problemOf(response)).to.include({ status: 401 });
    }
  });

  it('is for nobody in production while there is no METRICS_TOKEN', async () => {
    const api = await open({ env: { NODE_ENV: 'production' } });
    for (const response of [await fetch(`${api.url}/metrics`), await api.get('/metrics')]) {
      expect((await problemOf(response))['detail']).to.match(/^Set METRICS_TOKEN/);
    }
  });
});
