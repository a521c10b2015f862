import { expect } from 'chai';
import { addWish, removeWish } from '../../src/event-queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { hashPassword, writeHash } from '../../src/secrets.js';
import { until } from '../helpers/until.js';
import { ADMIN, problemOf, startTestApi, type TestApi } from './harness.js';

describe('the admin login', () => {
  let api: TestApi;
  const open: TestApi[] = [];
  const start = async (env: Record<string, string> = {}) => {
    api = await startTestApi({ env });
    open.push(api);
    return api;
  };

  let shared: TestApi;
  before(async () => {
    shared = await startTestApi();
  });
  beforeEach(() => {
    api = shared;
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  after(() => shared.close());

  type Headers = Record<string, string>;
  const call = (path: string, method = 'GET', headers: Headers = {}, body?: string) =>
    fetch(api.url + path, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) });
  const page = { accept: 'text/html,*/*;q=0.8' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const sameOrigin = () => ({ origin: api.url });

  const logIn = (given: Partial<typeof ADMIN> = {}, headers: Headers = sameOrigin()) =>
    call('/admin/login', 'POST', { ...form, ...headers }, `${new URLSearchParams({ ...ADMIN, ...given })}`);
  const cookiesOf = (response: Response) =>
    response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
  const session = async () => ({ cookie: cookiesOf(await logIn()) });

  it('sends people to the form, and tells programs 401, for every address under /admin', async () => {
    const paths = [
      '',
      '/',
      '/queues',
      '/queues/',
      '/queues/api/queues',
      '/queues/static/js/main.js',
      '/x',
      '/%71ueues',
    ];
    for (const path of paths) {
      const person = await call(`/admin${path}`, 'GET', page);
      expect([person.status, person.headers.get('location')], path).to.deep.equal([302, '/admin/login']);
      expect(await problemOf(await call(`/admin${path}`)), path).to.include({ status: 401 });
    }
    for (const path of ['/ADMIN/queues', '/Admin/Queues/api/queues', '/admin//queues', '/admin/./queues/api/queues']) {
      expect((await call(path)).status, path).to.equal(401);
    }
    const pause = await call('/admin/queues/api/queues/pause', 'PUT', sameOrigin());
    expect(await problemOf(pause)).to.include({ status: 401 });
  });

  it('shows a form that needs nothing from elsewhere', async () => {
    const response = await call('/admin/login', 'GET', page);
    const html = await response.text();
    expect(response.status).to.equal(200);
    expect(response.headers.get('cache-control')).to.equal('no-store');
    expect(response.headers.get('content-security-policy'))
      .to.match(/^default-src 'none'/)
      .and.include("style-src 'sha256-");
    expect(html)
      .to.include('action="/admin/login"')
      .and.not.match(/<script|https?:|\/\//);
  });

  it('lets in with the right name and password, into a session that is kept safe', async () => {
    const response = await logIn();
    expect([response.status, response.headers.get('location')]).to.deep.equal([303, '/admin/queues']);
    const cookies = response.headers.getSetCookie();
    expect(cookies).to.have.length(1);
    for (const cookie of cookies) {
      expect(cookie)
        .to.match(/httponly/i)
        .and.match(/samesite=strict/i)
        .and.match(/path=\/admin/i)
        .and.match(/expires=/i);
      expect(cookie).not.to.match(/secure/i);
    }
    const cookie = { cookie: cookiesOf(response) };
    const board = await call('/admin/queues', 'GET', cookie);
    expect(board.status).to.equal(200);
    expect(board.headers.get('x-powered-by')).to.equal(null);
    expect(await board.text()).to.include('<base href="/admin/queues/"');
    const queues = (await (await call('/admin/queues/api/queues', 'GET', cookie)).json()) as {
      queues: { name: string }[];
    };
    expect(queues.queues.map(({ name }) => name)).to.deep.equal(['botledger', 'botledger-schedule']);
  });

  it('shows the queue of each bot that wishes to be told of events, as they come and go', async () => {
    const cookie = await session();
    const redis = openWorkerRedis(api.redisUrl);
    const names = async () => {
      const answer = await call('/admin/queues/api/queues', 'GET', cookie);
      return ((await answer.json()) as { queues: { name: string }[] }).queues.map(({ name }) => name);
    };
    await addWish(redis, 'spin_bot', { type: '*', from: 'own' });
    expect(await names()).to.deep.equal(['botledger', 'botledger-schedule', 'botledger-events~spin_bot']);
    await removeWish(redis, 'spin_bot');
    expect(await names()).to.deep.equal(['botledger', 'botledger-schedule']);
    redis.disconnect();
  });

  it('refuses a wrong name, a wrong password and an odd form alike, without a session', async () => {
    await start();
    const wrong = [
      { user: 'Boss' },
      { password: 'wrong' },
      { user: '', password: '' },
      { password: `${ADMIN.password} ` },
    ];
    for (const given of wrong) {
      const response = await logIn(given);
      expect(response.status).to.equal(401);
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect(await response.text()).to.include('The user name or the password is wrong.');
    }
    const post = (type: string, body: string) =>
      call('/admin/login', 'POST', { ...sameOrigin(), 'content-type': type }, body);
    expect(await problemOf(await post('application/json', '{}'))).to.include({ status: 415 });
    expect(await problemOf(await post(form['content-type'], 'user=a'))).to.include({ status: 400 });
    expect(await problemOf(await post(form['content-type'], 'user=a&user=b&password=c'))).to.include({ status: 400 });
    expect(await problemOf(await post(form['content-type'], `user=${'a'.repeat(3_000)}`))).to.include({ status: 413 });
  });

  it('stops guessing after ten failures', async () => {
    await start();
    const refused = await Promise.all(Array.from({ length: 10 }, () => logIn({ password: 'x' })));
    expect(refused.map(({ status }) => status)).to.deep.equal(new Array(10).fill(401));
    const response = await logIn();
    expect(response.status).to.equal(429);
    expect(response.headers.get('retry-after')).to.match(/^\d+$/);
    expect(await response.text()).to.include('Too many attempts');
  });

  it('believes no cookie that it did not sign, and none that is too old', async () => {
    const { cookie } = await session();
    const [, value = ''] = /^botledger_admin=([^;]+)$/.exec(cookie) ?? [];
    const real = JSON.parse(Buffer.from(value, 'base64').toString());
    const later = { until: 9_999_999_999_999 };
    for (const session of [later, { role: 'admin', ...later }, { ...real, ...later }, { ...real, role: 'viewer' }]) {
      const forged = Buffer.from(JSON.stringify(session)).toString('base64');
      expect((await call('/admin/queues', 'GET', { cookie: `botledger_admin=${forged}` })).status).to.equal(401);
    }
    const realNow = Date.now;
    Date.now = () => realNow() + 12 * 60 * 60 * 1000;
    try {
      expect((await call('/admin/queues', 'GET', { cookie })).status).to.equal(401);
    } finally {
      Date.now = realNow;
    }
    expect((await call('/admin/queues', 'GET', { cookie })).status).to.equal(200);
  });

  it('ends all sessions when the password changes, and keeps them over a restart', async () => {
    const { cookie } = await session();
    const restarted = await start();
    const changed = await start({ ADMIN_PASSWORD: 'another one entirely' });
    expect((await fetch(`${restarted.url}/admin/queues`, { headers: { cookie } })).status).to.equal(200);
    expect((await fetch(`${changed.url}/admin/queues`, { headers: { cookie } })).status).to.equal(401);
  });

  it('knows a password by its hash', async () => {
    await start({ ADMIN_PASSWORD: writeHash(await hashPassword(ADMIN.password)) });
    expect((await logIn({ password: 'wrong' })).status).to.equal(401);
    const cookie = { cookie: cookiesOf(await logIn()) };
    expect((await call('/admin/queues', 'GET', cookie)).status).to.equal(200);
  });

  it('logs out by a form, not by a link', async () => {
    const cookie = await session();
    const link = await call('/admin/logout', 'GET', { ...cookie, ...page });
    expect(link.headers.getSetCookie()).to.deep.equal([]);
    const response = await call('/admin/logout', 'POST', { ...cookie, ...sameOrigin() });
    expect([response.status, response.headers.get('location')]).to.deep.equal([303, '/admin/login']);
    expect(response.headers.getSetCookie().join()).to.match(/botledger_admin=;.*expires=Thu, 01 Jan 1970/i);
  });

  it('takes calls that change something from its own pages only', async () => {
    const cookie = await session();
    const job = await api.units.add('addXp', { v: 1, units: [] });
    const path = `/admin/queues/api/queues/botledger/${job.id}/clean`;
    const { host, hostname, port } = new URL(api.url);
    const foreign: Headers[] = [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '' },
      { origin: 'file://' },
      { origin: `http://${host}.evil.example` },
      { origin: `http://${hostname}` },
      { origin: `http://${hostname}:${Number(port) + 1}` },
      { origin: `http://x@${hostname}:1` },
      { origin: api.url, 'sec-fetch-site': 'cross-site' },
      { origin: api.url, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { referer: `${api.url}/admin/queues` },
      { 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' },
    ];
    const kinds: [Headers, string][] = [
      [{}, ''],
      [form, 'jobData=1'],
      [{ 'content-type': 'text/plain' }, '{"jobData":{}}'],
      [{ 'content-type': 'application/json' }, '{"jobData":{}}'],
    ];
    for (const headers of foreign) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        for (const [type, body] of kinds) {
          const refused = await call(path, method, { ...cookie, ...headers, ...type }, body);
          expect(await problemOf(refused), JSON.stringify({ method, ...headers, ...type })).to.include({ status: 403 });
        }
      }
      expect((await logIn({}, headers)).status).to.equal(403);
      expect((await call('/admin/logout', 'POST', { ...cookie, ...headers })).status).to.equal(403);
    }
    expect(await api.units.getJob(job.id as string)).not.to.equal(undefined);

    const fromBoard = { ...cookie, origin: api.url, 'sec-fetch-site': 'same-origin' };
    expect((await call(path, 'PUT', fromBoard)).status).to.equal(204);
    await until(async () => (await api.units.getJob(job.id as string)) === undefined);
  });

  it('marks the cookie secure when a trusted proxy says https, and believes nobody else', async () => {
    const proxied = await startTestApi({ env: { TRUSTED_PROXIES: '1' } });
    open.push(proxied);
    const headers = {
      ...form,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'bots.example',
      origin: 'https://bots.example',
    };
    const body = `${new URLSearchParams(ADMIN)}`;
    const trusted = await fetch(`${proxied.url}/admin/login`, { method: 'POST', headers, body, redirect: 'manual' });
    expect(trusted.status).to.equal(303);
    for (const cookie of trusted.headers.getSetCookie()) expect(cookie).to.match(/secure/i);

    expect((await call('/admin/login', 'POST', headers, body)).status).to.equal(403);
  });

  it('reads a job of the size of a unit when a person mends it', async () => {
    const headers = { ...(await session()), ...sameOrigin(), 'content-type': 'application/json' };
    const job = await api.units.add('saveSession', { v: 1, units: [] });
    const mend = (size: number) => {
      const body = JSON.stringify({ jobData: { v: 1, units: [{ session: 'x'.repeat(size) }] } });
      return call(`/admin/queues/api/queues/botledger/${job.id}/update-data`, 'PATCH', headers, body);
    };
    expect((await mend(256 * 1024)).status).to.equal(200);
    expect((await mend(1024 * 1024)).status).to.equal(413);
  });
});
