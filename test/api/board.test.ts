import { type Queue, UnrecoverableError, Worker } from 'bullmq';
import { expect } from 'chai';
import { addWish, EventQueue } from '../../src/event-queue.js';
import { openWorkerRedis, type RedisClient } from '../../src/redis.js';
import { startRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { ADMIN, logIn, problemOf, startTestApi, type TestApi } from './harness.js';

const VIEWER = { user: 'guest', password: 'a look and no more' };
const VIEWER_ENV = { VIEWER_USER: VIEWER.user, VIEWER_PASSWORD: VIEWER.password };
const SECRET = 'what-a-user-wrote';

interface ShownJob {
  id: string;
  name: string;
  data: unknown;
  failedReason?: string;
  isFailed: boolean;
}

interface ShownQueue {
  name: string;
  readOnlyMode: boolean;
  allowRetries: boolean;
  jobs: ShownJob[];
}

/** A problem that the page shows to a person. */
async function shownProblemOf(response: Response): Promise<{ status: number; detail: string }> {
  expect(response.headers.get('content-type')).to.equal('application/problem+json; charset=utf-8');
  const problem = (await response.json()) as { status: number; detail: string; error: string; message: string };
  expect([problem.error, problem.message]).to.deep.equal(['This did not work', problem.detail]);
  return problem;
}

describe('Bull Board', () => {
  let api: TestApi;
  let redis: RedisClient;
  let admin: { cookie: string };
  let viewer: { cookie: string };

  const call = (path: string, headers: Record<string, string>, method = 'GET', body?: unknown) =>
    fetch(`${api.url}/admin${path}`, {
      method,
      headers: { ...headers, origin: api.url, 'content-type': 'application/json' },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const read = async <T = unknown>(path: string, headers: Record<string, string>): Promise<T> => {
    const response = await call(path, headers);
    expect(response.status, path).to.equal(200);
    return (await response.json()) as T;
  };

  before(async () => {
    api = await startTestApi({ env: { ...VIEWER_ENV, BOARD_PAYLOADS: 'redacted' } });
    redis = openWorkerRedis(api.redisUrl);
    [admin, viewer] = await Promise.all([logIn(api), logIn(api, VIEWER)]);
  });
  after(async () => {
    redis.disconnect();
    await api.close();
  });

  const unit = (session: object, bot = 'spin_bot') => ({
    bot,
    key: 'upd-1',
    at: 1_700_000_000_000,
    operations: [
      { name: 'saveSession', telegramId: 424_242, session },
      { name: 'touchUser', telegramId: 424_242, firstName: SECRET },
    ],
  });

  /** Lets a worker that answers, or fails, take every job that waits. */
  async function work(queue: Queue, answer: () => unknown): Promise<void> {
    const worker = new Worker(queue.name, async () => answer(), { connection: redis });
    await until(async () => (await queue.getJobCountByTypes('waiting', 'active', 'delayed')) === 0);
    await worker.close();
  }

  const jobsOf = async (headers: { cookie: string }, queue = api.units.name): Promise<ShownJob[]> => {
    const { queues } = await read<{ queues: ShownQueue[] }>(
      `/queues/api/queues?activeQueue=${queue}&status=latest&page=1&jobsPerPage=10`,
      headers,
    );
    return queues.find(({ name }) => name === queue)?.jobs ?? [];
  };

  describe('that redacts', () => {
    beforeEach(() => api.units.obliterate({ force: true }));

    it('shows of a unit its bot, key, time, operations and size', async () => {
      const { id } = await api.units.add('saveSession+touchUser', { v: 1, units: [unit({ note: SECRET })] });
      const { job } = await read<{ job: ShownJob }>(`/queues/api/queues/botledger/${id}`, admin);
      const bytes = Buffer.byteLength(JSON.stringify(unit({ note: SECRET }).operations));
      const at = '2023-11-14T22:13:20.000Z';
      const operations = ['saveSession', 'touchUser'];
      expect(job.data).to.deep.equal({ bot: 'spin_bot', key: 'upd-1', at, operations, bytes });
      expect(job).to.include({ id, name: 'saveSession+touchUser', isFailed: false });
    });

    it('shows nothing of users in any list, job, outcome, reason, log, event or scheduler, to whoever looks', async () => {
      const odd = [SECRET, { units: [{ [SECRET]: SECRET, bot: ` ${SECRET}` }, SECRET] }, { units: SECRET }];
      for (const data of [{ v: 1, units: [unit({ note: SECRET }), unit({}, `bot of ${SECRET}`)] }, ...odd]) {
        await api.units.add('pack ×2', data);
      }
      await work(api.units, () => [{ key: 'upd-1', outcomes: [{ note: SECRET }] }]);
      const reasons = [
        `DatabaseError: the value ${SECRET}`,
        `${SECRET}: broken`,
        `Error: ${SECRET}\nValidationError: x`,
      ];
      for (const reason of reasons) {
        const job = await api.units.add('saveSession', { v: 1, units: [unit({ note: SECRET })] });
        await job.log(SECRET);
        await job.updateProgress({ note: SECRET });
        await work(api.units, () => Promise.reject(new UnrecoverableError(reason)));
      }
      await api.units.upsertJobScheduler('odd', { every: 3_600_000 }, { name: 'odd', data: { note: SECRET } });
      await addWish(redis, 'spin_bot', { type: '*', from: 'own' });
      const events = new EventQueue(redis, 'spin_bot');
      const payload = { badgeType: SECRET };
      const at = new Date().toISOString();
      await events.add([{ id: 7, type: 'badge.awarded', telegramId: 424_242, bot: 'spin_bot', at, payload }]);

      for (const who of [admin, viewer]) {
        const [ours, theirs] = [await jobsOf(who), await jobsOf(who, events.queue.name)];
        expect(ours).to.have.length(8);
        expect(theirs).to.have.length(1);
        const single = await Promise.all(
          ours.flatMap(({ id }) =>
            ['', '/logs', '/flow'].map((what) => read(`/queues/api/queues/botledger/${id}${what}`, who)),
          ),
        );
        const rest = [await read('/queues/api/job-schedulers', who), await read('/queues/api/queues', who)];
        const all = JSON.stringify([ours, theirs, single, rest]);
        expect(all).not.to.include(SECRET);
        expect(all).not.to.include('424242');
        const failed = ours.filter(({ isFailed }) => isFailed);
        expect(failed.map(({ failedReason }) => failedReason).sort()).to.deep.equal([
          'DatabaseError: (redacted)',
          'Error: (redacted)',
          'Error: (redacted)',
        ]);
        expect(theirs[0]?.data).to.include({ id: 7, type: 'badge.awarded', bot: 'spin_bot' });
      }
      await events.destroy();
      await events.close();
    });

    it('leaves the reasons that say which field does not fit', async () => {
      await api.units.add('addXp', { v: 1, units: [unit({})] });
      const reason = 'ValidationError: addXp.xp: expected int, received string';
      await work(api.units, () => Promise.reject(new UnrecoverableError(reason)));
      expect((await jobsOf(viewer))[0]).to.include({ failedReason: reason });
    });

    it('never takes back what it showed, and retries what is really in the job', async () => {
      const data = { v: 1, units: [unit({ note: SECRET })] };
      const { id } = await api.units.add('saveSession', data);
      await work(api.units, () => Promise.reject(new UnrecoverableError('Error: broken')));
      const { job } = await read<{ job: ShownJob }>(`/queues/api/queues/botledger/${id}`, admin);
      const queue = '/queues/api/queues/botledger';
      const writes: [string, string, object][] = [
        ['PATCH', `${queue}/${id}/update-data`, { jobData: job.data }],
        ['PATCH', `${queue}/${id}/Update-Data/`, { jobData: job.data }],
        ['PATCH', `${queue}/${id}/%75pdate-data`, { jobData: job.data }],
        ['POST', `${queue}/add`, { name: 'saveSession', data: job.data, options: {} }],
      ];
      for (const [method, path, body] of writes) {
        const refused = await call(path, admin, method, body);
        expect([403, 404], path).to.include(refused.status);
      }
      expect((await call(`${queue}/${id}/retry`, admin, 'PUT')).status).to.equal(204);
      expect(await api.units.getJobCountByTypes('waiting')).to.equal(1);
      expect((await api.units.getJob(id as string))?.data).to.deep.equal(data);
    });
  });

  describe('as the viewer sees it', () => {
    it('has no buttons', async () => {
      const { queues } = await read<{ queues: ShownQueue[] }>('/queues/api/queues', viewer);
      expect(queues.map(({ readOnlyMode, allowRetries }) => [readOnlyMode, allowRetries])).to.deep.equal(
        queues.map(() => [true, false]),
      );
      expect(await (await call('/queues', viewer)).text()).to.include('view only');
    });

    it('refuses whatever would change something, whether there is such a thing or not', async () => {
      const { id } = await api.units.add('addXp', { v: 1, units: [] });
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        for (const path of [
          `/queues/api/queues/botledger/${id}/clean`,
          '/queues/api/queues/botledger/obliterate',
          '/queues/api/queues/pause',
          '/queues/api/queues/botledger/job-schedulers/x/run',
          '/queues/nothing',
          '/users/1/export',
        ]) {
          expect(await problemOf(await call(path, viewer, method, {})), path).to.include({ status: 403 });
        }
      }
      expect(await api.units.isPaused()).to.equal(false);
      expect(await api.units.getJob(id as string)).not.to.equal(undefined);
    });

    it('is not all that there is about a user', async () => {
      expect(await problemOf(await call('/users/1/export', viewer))).to.include({ status: 403 });
      expect(await read('/users/1/export', admin)).to.include({ telegramId: 1 });
    });

    it('is over when their password changes; the admin stays', async () => {
      const changed = await startTestApi({ env: { ...VIEWER_ENV, VIEWER_PASSWORD: 'another look' } });
      const none = await startTestApi();
      const status = async ({ url }: TestApi, headers: { cookie: string }) =>
        (await fetch(`${url}/admin/queues`, { headers })).status;
      expect([await status(changed, viewer), await status(none, viewer)]).to.deep.equal([401, 401]);
      expect([await status(changed, admin), await status(none, admin)]).to.deep.equal([200, 200]);
      await Promise.all([changed.close(), none.close()]);
    });

    it('cannot be had with the password of the other', async () => {
      for (const [user, password] of [
        [VIEWER.user, ADMIN.password],
        [ADMIN.user, VIEWER.password],
      ] as const) {
        expect(await logIn(api, { user, password })).to.deep.equal({ cookie: '' });
      }
    });
  });

  it('says within moments that Redis is away, while the login goes on to work', async () => {
    const server = await startRedis();
    const lonely = await startTestApi({ redisUrl: server.url });
    const headers = await logIn(lonely);
    const paths = ['/queues', '/queues/botledger/1', '/job-schedulers', '/redis/stats'];
    const askAll = async () => {
      const start = performance.now();
      const answers = await Promise.all(
        paths.map((path) => fetch(`${lonely.url}/admin/queues/api${path}`, { headers })),
      );
      expect(performance.now() - start).to.be.below(3_000);
      for (const answer of answers) expect(await shownProblemOf(answer)).to.include({ status: 503 });
      expect(await logIn(lonely)).not.to.deep.equal({ cookie: '' });
      expect((await fetch(`${lonely.url}/admin/queues`, { headers })).status).to.equal(200);
    };
    try {
      server.pause();
      await askAll();
      server.resume();
      await server.kill();
      await askAll();
      await server.start();
      await until(async () => (await fetch(`${lonely.url}/admin/queues/api/queues`, { headers })).status === 200);
    } finally {
      await lonely.close();
      await server.close();
    }
  });

  it('answers what goes wrong in it without a word of what it was', async () => {
    const response = await call('/queues/api/queues/botledger/add', admin, 'POST', '{');
    expect(response.status).to.equal(400);
    await redis.set('bull:botledger:failed', 'not a sorted set');
    const broken = await call('/queues/api/queues', admin);
    expect(await shownProblemOf(broken)).to.include({
      status: 500,
      detail: 'Something went wrong here: the log says what',
    });
    await redis.del('bull:botledger:failed');
  });
});
