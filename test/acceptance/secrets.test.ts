import { expect } from 'chai';
import pg from 'pg';
import { BotLedger, type PayloadOf } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { unitJobOptions } from '../../src/queue.js';
import { openQueue, type TestQueue } from '../helpers/commit-worker.js';
import { freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { startRedis, type TestRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

/** Stands in every secret and in everything that a user or a bot wrote. */
const MARK = 'zQ7x';
const marked = (what: string) => `${MARK}-${what}-of-somebody`;

/** Of whom everything is. */
const USER = 7_000_111_222;

const production = {
  NODE_ENV: 'production',
  LOG_LEVEL: 'trace',
  API_TOKENS: `spin_bot:${marked('token')}`,
  BOT_SECRETS: `spin_bot:${marked('bot-secret')}`,
  METRICS_TOKEN: marked('metrics-token'),
  ADMIN_USER: 'boss',
  ADMIN_PASSWORD: marked('admin-password'),
  PORT: '0',
  STALLED_AFTER_SECONDS: '2',
};

const addXp = (xp: unknown) => ({ name: 'addXp', telegramId: USER, xp });

describe('The output of a fleet, its answers, and the reasons in Redis', () => {
  let opened: Closable[];
  let redis: TestRedis;
  let databaseUrl: string;
  let jobs: TestQueue;
  let processes: Process[];
  let api: string;
  let ledger: BotLedger;
  /** The answers that were no success. */
  const refusals: { status: number; text: string }[] = [];

  const { attempts } = unitJobOptions;

  before(async () => {
    Object.assign(unitJobOptions, { attempts: 1 });
    const fresh = await freshDatabase('postgres');
    const password = marked('redis-password');
    redis = await startRedis({ user: `fleet on >${password} ~* &* +@all` });
    jobs = openQueue(redis.url);
    opened = [redis, fresh, jobs];
    databaseUrl = fresh.url.replace('postgres@', `postgres:${marked('database-password')}@`);
    const redisUrl = redis.url.replace('//', `//fleet:${password}@`);
    const environment = { ...production, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
    processes = ['api', 'commit', 'schedule'].map((part) => startProcess(`workers/${part}.js`, { environment }));
    opened.push(...processes);
    const [apiProcess, commit, schedule] = processes as [Process, Process, Process];
    await Promise.all([
      apiProcess.says('API is ready'),
      commit.says('commit worker is ready'),
      schedule.says('schedule worker is ready'),
    ]);
    [, api = ''] = /"url":"([^"]+)"/.exec(apiProcess.output()) ?? [];
    const secret = marked('bot-secret');
    const [apiUrl, apiToken] = [api, marked('token')];
    ledger = new BotLedger({ bot: 'spin_bot', redisUrl, apiUrl, apiToken, secret });
    opened.push(ledger);
  });
  after(async () => {
    Object.assign(unitJobOptions, { attempts });
    await closeAll(opened);
  });

  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${marked('token')}`, 'content-type': 'application/json', ...init.headers };
    const response = await fetch(api + path, { redirect: 'manual', ...init, headers });
    const text = await response.text();
    if (response.status >= 400) refusals.push({ status: response.status, text });
    return response.status;
  };
  const post = (operation: object, key = `http-${Math.random()}`) =>
    call('/v1/bots/spin_bot/operations', {
      method: 'POST',
      headers: { 'idempotency-key': key, prefer: 'wait=1' },
      body: JSON.stringify({ operations: [operation] }),
    });
  const settled = async (promise: Promise<{ result(): Promise<unknown> }>) => {
    const receipt = await promise;
    await receipt.result().catch(() => undefined);
  };

  async function write(): Promise<void> {
    const person = { username: marked('username'), firstName: marked('first'), lastName: marked('last') };
    await settled(ledger.touchUser(USER, person));
    await settled(
      ledger.saveSession(USER, { session: { said: marked('session') }, stats: { [MARK]: marked('stats') } }),
    );
    await settled(ledger.awardBadge(USER, { badgeType: 'guru', metadata: { note: marked('metadata') } }));
    const payment: PayloadOf<'recordPayment'> = {
      provider: 'stars',
      paymentId: marked('payment'),
      amount: '9',
      tariff: 'gone',
      status: 'COMPLETED',
    };
    await settled(ledger.recordPayment(USER, { ...payment, description: marked('description') }));
    await settled(ledger.redeemPromocode(USER, { code: marked('promocode').toUpperCase() }));
    expect((await ledger.getUser(USER))?.username).to.equal(person.username);
    await settled(ledger.deleteUser(USER + 1));
  }

  /** Units that cannot be applied, each with something in it that nobody is to see. */
  async function fail(): Promise<void> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`ALTER TABLE users ADD CONSTRAINT no_such_name CHECK (last_name NOT LIKE '${MARK}-check%')`);
    await client.query(`CREATE FUNCTION cast_it() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.last_name LIKE '${MARK}-cast%' THEN PERFORM NEW.last_name::int; END IF; RETURN NEW; END $$`);
    await client.query('CREATE TRIGGER casts BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION cast_it()');
    await client.end();
    for (const lastName of [marked('check'), marked('cast')]) {
      await settled(ledger.touchUser(USER, { lastName }));
      await settled(ledger.unit({}, (unit) => unit.touchUser(USER, { lastName })));
    }
    await settled(ledger.addXp(USER, { xp: 1 }, { key: 'used' }));
    await settled(ledger.touchUser(USER, { firstName: marked('conflict') }, { key: 'used' }));
    const unit = { bot: 'spin_bot', key: 'raw', at: Date.now(), operations: [addXp(1)] };
    const raw: unknown[] = [
      { ...unit, operations: [addXp(marked('number'))] },
      { ...unit, operations: [{ name: 'saveSession', telegramId: USER, session: marked('no-session') }] },
      { ...unit, operations: [{ name: 'touchUser', telegramId: marked('user'), username: 'x'.repeat(999) + MARK }] },
      { ...unit, operations: [{ name: 'touchUser', telegramId: USER, username: marked('unsigned') }] },
      { ...unit, bot: `${marked('bot')} `, at: marked('time') },
      { ...unit, sig: marked('signature').repeat(9) },
      marked('no unit'),
    ];
    const ids = await Promise.all(raw.map(async (one) => (await jobs.add({ v: 1, units: [one] })).id));
    ids.push((await jobs.add(marked('no job'))).id, (await jobs.add({ v: 1, units: raw })).id);
    for (const id of ids) await jobs.reached(id, 'failed', 'completed');
  }

  async function ask(): Promise<void> {
    await post(addXp(marked('number')));
    await post({ name: 'touchUser', telegramId: USER, lastName: marked('check') });
    await post(addXp(2), 'used');
    await call('/v1/bots/spin_bot/operations', { method: 'POST', body: `{"operations": ${marked('json')}` });
    await call('/v1/bots/spin_bot/operations', { method: 'POST', body: JSON.stringify(MARK.repeat(500_000)) });
    await call('/v1/users/1', { headers: { authorization: `Bearer ${marked('other-token')}` } });
    await call(`/v1/users/${USER}?fields=${marked('query')}`);
    await call('/v1/leaderboard?limit=-1');
    const logIn = (password: string) =>
      call('/admin/login', {
        method: 'POST',
        headers: { origin: api, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ user: 'boss', password }).toString(),
      });
    expect(await logIn(marked('wrong-password'))).to.equal(401);
    expect(await logIn(marked('admin-password'))).to.equal(303);
    expect(await call('/metrics')).to.equal(401);
    expect(await call('/metrics', { headers: { authorization: `Bearer ${marked('metrics-token')}` } })).to.equal(200);
  }

  async function cut(): Promise<void> {
    const name = new URL(databaseUrl).pathname.slice(1);
    const client = new pg.Client({ connectionString: databaseUrl.replace(/[^/]+$/, 'postgres') });
    await client.connect();
    await client.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    const late = await ledger.saveSession(USER, { session: { said: marked('late') } });
    await processes[1]?.says('waiting for the database');
    await call(`/v1/users/${USER}`);
    await client.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`);
    await client.end();
    await late.result();

    await redis.stop();
    await post({ name: 'touchUser', telegramId: USER, firstName: marked('during-outage') });
    await call('/readyz');
    await redis.start();
    const status = () => post({ name: 'touchUser', telegramId: USER, firstName: marked('after-outage') }, 'after');
    await until(async () => (await status()) === 200, { timeoutMs: 20_000 });
  }

  it('hold no secret, and nothing of what users and bots wrote', async () => {
    for (const step of [write, fail, ask, cut]) await step();
    for (const process of processes) process.signal('SIGTERM');
    await Promise.all(processes.map(({ exited }) => exited));

    for (const process of processes) {
      const leaks = process
        .output()
        .split('\n')
        .filter((line) => line.includes(MARK) || line.includes(`${USER}`));
      expect(leaks).to.deep.equal([]);
    }
    expect(processes[1]?.output()).to.match(/"bot":"spin_bot","key":"raw","msg":"unit refused/);
    expect(refusals.map(({ status }) => status)).to.include.members([400, 401, 409, 413, 503]);
    for (const { text } of refusals) expect(text).to.not.match(new RegExp(`${MARK}|\\n +at |node_modules`));
    const failed = await jobs.queue.getFailed();
    expect(failed.length).to.be.greaterThan(10);
    for (const { failedReason, stacktrace } of failed) {
      expect(`${failedReason}\n${stacktrace}`).to.not.include(MARK).and.not.include(`${USER}`);
    }
  });

  it('hold none either when a process is given wrong settings, or does not get in', async () => {
    const wrong = {
      ...production,
      LOG_LEVEL: 'debug',
      DATABASE_URL: `postgres://somebody:${marked('wrong-password')}@127.0.0.1:1/nowhere`,
      REDIS_URL: redis.url.replace('//', `//fleet:${marked('wrong-password')}@`),
    };
    const unreadable = { API_TOKENS: marked('token'), BOT_SECRETS: marked('secret'), TARIFFS: `{"${marked('tariff')}` };
    const urls = { DATABASE_URL: marked('url'), REDIS_URL: `http://:${marked('password')}@127.0.0.1` };
    const start = (part: string, environment: Record<string, string>) => {
      const process = startProcess('src/cli/main.js', { args: [part], environment });
      opened.push(process);
      return process;
    };
    const migrate = start('migrate', wrong);
    const refused = start('api', { ...wrong, ...unreadable, ...urls, PORT: marked('port') });
    const commit = start('commit', { ...wrong, DATABASE_URL: databaseUrl });
    expect(await migrate.exited).to.equal(1);
    expect(await refused.exited).to.equal(2);
    let ended = false;
    void commit.exited.then(() => {
      ended = true;
    });
    await until(() => ended || commit.output().includes('check REDIS_URL'));
    for (const { output } of [migrate, refused, commit]) expect(output()).to.not.include(MARK);
  });
});
