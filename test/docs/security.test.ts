import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { readConfig } from '../../src/config.js';
import { BotLedger, SignatureError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { signerOf } from '../../src/operations/signature.js';
import { checkUnit } from '../../src/operations/unit.js';
import { startSchedule } from '../../src/schedule/worker.js';
import { logIn, problemOf, startTestApi, type TestApi } from '../api/harness.js';
import { startWorker } from '../helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { startProcess } from '../helpers/processes.js';
import { startRedis, type TestRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';
import { root, runExample } from './programs.js';

const document = readFileSync(`${root}docs/security.md`, 'utf8');

/** The users of the document, with their passwords. */
const passwords = new Map(
  [...document.matchAll(/^ACL SETUSER (\w+) reset on >(\S+)$/gm)].map(([, user = '', password = '']) => [
    user,
    password,
  ]),
);

describe('docs/security.md', () => {
  const secret = '5f1f0c4be1aa27b8f8f5b1f2';
  const settings = [...document.matchAll(/^BOT_SECRETS=(.+)$/gm)].map(([, value]) => value);
  const urls = { DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1', NODE_ENV: 'production' };

  it('shows secrets that production starts with, and how one is changed', () => {
    const read = settings.map((BOT_SECRETS) => readConfig({ ...urls, BOT_SECRETS }, { serves: false }).botSecrets);
    expect(read.map((secrets) => secrets?.get('spin_bot')?.length)).to.deep.equal([1, 2]);
    for (const secrets of read) expect(secrets?.get('spin_bot')).to.include(secret);
  });

  it('shows how a unit is signed', async () => {
    const session = { ж: [1.5, null, { b: true, a: '"\\u2028' }], Z: {}, a: [] };
    const operations = [{ telegramId: 7, session, name: 'saveSession' }];
    const unit = { bot: 'spin_bot', key: 'upd-1', at: Date.UTC(2026, 0, 15), operations };
    const printed = await runExample('sign', { unit, secret }, document);
    expect(printed).to.deep.equal([signerOf(secret)(checkUnit(unit))]);
  });
});

describe('The Redis users of docs/security.md', () => {
  let server: TestRedis;
  let admin: Redis;
  let fresh: FreshDatabase;
  let opened: Closable[];
  const urlOf = (user: string) => server.url.replace('//', `//${user}:${passwords.get(user)}@`);

  beforeEach(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    for (const [, line = ''] of document.matchAll(/^ACL (SETUSER .+)$/gm)) await admin.call('ACL', line.split(' '));
    fresh = await freshDatabase('sqlite');
    opened = [server, { close: () => admin.quit() }, fresh];
  });
  afterEach(() => closeAll(opened));

  const open = <T extends Closable>(closable: T): T => {
    opened.push(closable);
    return closable;
  };
  const openBot = (user = 'spin_bot', api?: TestApi) => {
    const apiOptions = api ? { apiUrl: api.url, apiToken: 'token-of-the-spin-bot' } : {};
    return open(new BotLedger({ bot: 'spin_bot', redisUrl: urlOf(user), ...apiOptions }));
  };
  /** What Redis has refused, e.g. `spin_bot: command config|get`. */
  const refusals = async () => {
    const entries = (await admin.call('ACL', 'LOG')) as string[][];
    return entries.map((entry) => {
      const of = (field: string) => entry[entry.indexOf(field) + 1];
      return `${of('username')}: ${of('reason')} ${of('object')} (${of('context')})`;
    });
  };

  it('may do all that a bot, a worker, the schedule and the API do', async () => {
    const config = readConfig({ DATABASE_URL: fresh.url, REDIS_URL: urlOf('schedule') });
    const logger = createLogger('test', 'silent');
    open(await startSchedule({ config, database: fresh.database, logger }));
    open(await startWorker(fresh.database, urlOf('commit'), { env: { QUEUE_PARTITIONS: '2' } }));
    const api = open(
      await startTestApi({ databaseUrl: fresh.url, redisUrl: urlOf('api'), env: { QUEUE_PARTITIONS: '2' } }),
    );
    const ledger = openBot('spin_bot', api);

    const heard: string[] = [];
    await ledger.onEvent('user.leveledUp', ({ telegramId }) => void heard.push(`${telegramId}`));
    expect(await (await ledger.addXp(7, { xp: 150 })).result()).to.include({ newLevel: 2 });
    await until(() => heard.includes('7'), { what: 'the bot hears of the level' });
    await ledger.offEvent();

    await ledger.saveSession(8, { session: { step: 1 } }, { key: 'save' });
    expect((await ledger.getSession(8)).session).to.deep.equal({ step: 1 });
    await ledger.updates.handle({ id: 1, telegramId: 8 }, async (bound) => void bound.addXp({ xp: 5 }));
    const receipts = await ledger.enqueueMany(
      Array.from({ length: 20 }, (_, index) => ({ build: (unit) => unit.addScore(index, { score: 1 }) })),
    );
    await Promise.all(receipts.map((receipt) => receipt.result()));
    expect((await ledger.getUser(8))?.totalXp).to.equal(5);
    expect((await ledger.getUserSession(8)).user.totalXp).to.equal(5);
    await (await ledger.addXp(8, { xp: 5 })).result();
    expect((await ledger.getUserSession(8)).user.totalXp).to.equal(10);
    expect((await ledger.getSession(8)).session).to.deep.equal({ step: 1 });
    await (await ledger.deleteUser(8)).result();

    const operations = { operations: [{ name: 'addXp', telegramId: 7, xp: 1 }] };
    const posted = await api.post('/v1/bots/spin_bot/operations', operations, { headers: { prefer: 'wait=10' } });
    expect(posted.status).to.equal(200);
    expect((await api.get('/readyz')).status).to.equal(200);
    expect((await api.get('/metrics')).status).to.equal(200);
    const bad = await api.post('/v1/bots/spin_bot/operations', { operations: [] });
    expect((await problemOf(bad))['status']).to.equal(400);
    const failed = await api.units.add('bad', { v: 1, units: [{}] });
    const reached = (state: string) => until(async () => (await api.units.getJobState(failed.id ?? '')) === state);
    await reached('failed');
    const board = await boardOf(api);
    expect(await board('GET', '?activeQueue=botledger&status=failed')).to.equal(200);
    const job = `/botledger/${failed.id}`;
    for (const call of [`${job}/retry`, '/botledger/pause', '/botledger/resume']) {
      expect(await board('PUT', call), call).to.be.within(200, 204);
    }
    await reached('failed');
    expect(await board('PUT', `${job}/clean`)).to.be.within(200, 204);
    expect(await refusals()).to.deep.equal([]);
  });

  it('may do nothing else', async () => {
    for (const command of ['XADD bull:botledger-events~quiz_bot:events * event added', 'ZADD botledger:event-news 0 x'])
      await admin.call(...words(command));
    const ofEveryone = [
      'FLUSHALL',
      'FLUSHDB',
      'CONFIG GET *',
      'KEYS *',
      'SCAN 0',
      'RANDOMKEY',
      'DBSIZE',
      'MONITOR',
      'SHUTDOWN',
      'ACL LIST',
      'CLIENT KILL TYPE normal',
      'CLIENT PAUSE 1000',
      'SCRIPT FLUSH',
      'FUNCTION LIST',
      'PUBLISH news x',
      'GET something-else',
      'SAVE',
      'REPLICAOF NO ONE',
    ];
    const ofSome: Record<string, string[]> = {
      spin_bot: [
        'CLIENT LIST',
        'XRANGE bull:botledger-events~quiz_bot:events - +',
        'XADD bull:botledger-events~quiz_bot:events * event added',
        'DEL bull:botledger-schedule:repeat',
        'ZADD botledger:event-news 0 x',
        'EVAL return(redis.call("XLEN","bull:botledger-events~quiz_bot:events")) 0',
      ],
      commit: ['CLIENT LIST', 'DEL bull:botledger-schedule:repeat'],
      schedule: [
        'CLIENT LIST',
        'LLEN bull:botledger:wait',
        'LLEN bull:botledger~1:wait',
        'HGETALL botledger:sessions:7',
      ],
      api: ['HGETALL botledger:sessions:7', 'HSET botledger:event-wishes x y', 'ZADD botledger:event-news 0 x'],
    };
    for (const user of passwords.keys()) {
      const redis = new Redis(urlOf(user));
      open({ close: async () => redis.disconnect() });
      for (const command of [...ofEveryone, ...(ofSome[user] ?? [])]) {
        const { message } = await rejection(redis.call(...words(command)));
        expect(message, `${user}: ${command}`).to.match(/^NOPERM|^ERR The user executing the script can't/);
      }
    }
  });

  it('let an import in, which signs its rows', async () => {
    const env = { BOT_SECRETS: 'spin_bot:the secret of the spin bot' };
    open(await startWorker(fresh.database, urlOf('commit'), { env }));
    await admin.call('ACL', 'SETUSER', 'spin_bot', '+client|list');
    const directory = mkdtempSync(join(tmpdir(), 'botledger-import-'));
    open({ close: async () => rmSync(directory, { recursive: true }) });
    const importing = (name: string, writtenAt = new Date()) => {
      const file = join(directory, name);
      writeFileSync(file, '{"7":{"stats":{"total_xp":5}}}');
      utimesSync(file, writtenAt, writtenAt);
      const environment = { DATABASE_URL: fresh.url, REDIS_URL: urlOf('spin_bot'), ...env };
      return open(startProcess('src/cli/main.js', { args: ['import-json', file, '--bot', 'spin_bot'], environment }));
    };
    const monthsAgo = new Date(Date.now() - 60 * 86_400_000);
    const [done, old] = [importing('done.json'), importing('old.json', monthsAgo)];
    expect(await done.exited, done.output()).to.equal(0);
    expect(await old.exited).to.equal(2);
    expect(old.output()).to.include('nothing is applied that is older than LEDGER_RETENTION_DAYS (30)');
    expect(await refusals()).to.deep.equal([]);
  });

  it('share the queue, where a signature tells the bots apart', async () => {
    const secret = 'the secret of the spin bot';
    const env = { BOT_SECRETS: `spin_bot:${secret},quiz_bot:the secret of the quiz bot` };
    open(await startWorker(fresh.database, urlOf('commit'), { env }));
    const pretender = open(new BotLedger({ bot: 'quiz_bot', redisUrl: urlOf('spin_bot'), secret }));
    const receipt = await pretender.addXp(7, { xp: 5 });
    expect(await rejection(receipt.result())).to.be.instanceOf(SignatureError);
  });
});

const words = (command: string) => command.split(' ') as [string, ...string[]];

/** Calls of Bull Board by somebody who is logged in; each answers its status. */
async function boardOf(api: TestApi): Promise<(method: string, call: string) => Promise<number>> {
  const headers = { ...(await logIn(api)), origin: api.url };
  return async (method, call) => {
    const response = await fetch(`${api.url}/admin/queues/api/queues${call}`, { method, headers });
    return response.status;
  };
}
