import type { Job } from 'bullmq';
import { expect } from 'chai';
import { User } from '../../src/models/index.js';
import type { JobData } from '../../src/operations/unit.js';
import { unitJobOptions } from '../../src/queue.js';
import { insertLedgerRow, insertSubscription, insertUser } from '../factories.js';
import { startBot } from '../helpers/bot.js';
import { startWorker } from '../helpers/commit-worker.js';
import { until } from '../helpers/until.js';
import { problemOf, QUIZ_TOKEN, startTestApi, type TestApi } from './harness.js';

const PATH = '/v1/bots/spin_bot/operations';
const ISSUED_KEY = /^[0-9A-HJKMNP-TV-Z]{26}$/;

const addXp = (xp: number, telegramId = 7) => ({ operations: [{ name: 'addXp', telegramId, xp }] });
const levelTwo = { leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 150 };

describe('Operations over HTTP', () => {
  let api: TestApi;
  const opened: { close(): Promise<unknown> }[] = [];

  beforeEach(async () => {
    api = await startTestApi();
    opened.push(api);
  });
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  const work = async () => void opened.push(await startWorker(api.database, api.redisUrl));
  const send = (body: unknown, headers: Record<string, string> = {}) => api.post(PATH, body, { headers });
  const named = (key: string) => ({ 'idempotency-key': key });
  const waiting = (seconds = 5) => ({ prefer: `wait=${seconds}` });
  const xpOf = async (telegramId: number) =>
    (await api.database.sequelize.getRepository(User).findOne({ where: { telegramId } }))?.totalXp;

  it('are accepted under a key of their own, and say where to ask about them', async () => {
    const response = await send(addXp(150));
    expect(response.status).to.equal(202);
    expect(response.headers.get('preference-applied')).to.equal(null);
    const { key, status } = (await response.json()) as { key: string; status: string };
    expect(status).to.equal('waiting');
    expect(key).to.match(ISSUED_KEY);

    const location = response.headers.get('location') as string;
    expect(location).to.equal(`${PATH}/${key}`);
    expect(await (await api.get(location)).json()).to.deep.equal({ key, status: 'waiting' });
    await work();
    const applied = { key, status: 'applied', outcomes: [levelTwo] };
    await until(async () => ((await (await api.get(location)).json()) as { status: string }).status === 'applied');
    expect(await (await api.get(location)).json()).to.deep.equal(applied);
  });

  it('wait in the queue like those of the SDK, in the name of their bot', async () => {
    const at = Date.now();
    await send(addXp(150), named('upd-1'));
    const [job] = (await api.units.getWaiting()) as [Job<JobData>];
    expect(job.name).to.equal('addXp');
    expect(job.opts).to.include({ attempts: unitJobOptions.attempts });
    const { v, units } = job.data;
    expect([v, units.length]).to.deep.equal([1, 1]);
    expect(units[0]).to.deep.include({ bot: 'spin_bot', key: 'upd-1', ...addXp(150) });
    expect(units[0]?.at).to.be.within(at, Date.now());
  });

  for (const key of ['upd-4711', 'a:b', '42', 'a/b?c=d#e', '100%25', '"quoted"', '~', '...', 'x'.repeat(200)]) {
    it(`take the key ${key.slice(0, 20)} and find it again`, async () => {
      const response = await send(addXp(1), named(key));
      expect(await response.json()).to.deep.equal({ key, status: 'waiting' });
      const found = await api.get(response.headers.get('location') as string);
      expect(await found.json()).to.deep.equal({ key, status: 'waiting' });
    });
  }

  it('answer with the outcomes when the client would rather wait', async () => {
    await work();
    const body = { operations: [addXp(150).operations[0], { name: 'addScore', telegramId: 7, score: 6 }] };
    const response = await send(body, { ...named('upd-1'), prefer: 'respond-async, wait=5' });
    expect(response.status).to.equal(200);
    expect(response.headers.get('preference-applied')).to.equal('wait=5');
    expect(response.headers.get('location')).to.equal(`${PATH}/upd-1`);
    const outcomes = [levelTwo, { totalScore: 6 }];
    expect(await response.json()).to.deep.equal({ key: 'upd-1', status: 'applied', outcomes });
  });

  it('answer 202 when the time is over, and not much later', async () => {
    const start = performance.now();
    const response = await send(addXp(150), waiting(1));
    expect(response.status).to.equal(202);
    expect(response.headers.get('preference-applied')).to.equal('wait=1');
    expect(performance.now() - start).to.be.within(900, 2_000);
  });

  it('take preferences as what they are: what is odd is left alone, what is long is cut', async () => {
    for (const prefer of ['wait', 'wait=', 'wait=-1', 'wait=soon', 'return=minimal', ',,;', 'waits=5']) {
      const response = await send(addXp(1), { prefer });
      expect([response.status, response.headers.get('preference-applied')], prefer).to.deep.equal([202, null]);
    }
    await work();
    for (const prefer of ['wait=3600', 'WAIT = "3600" ;x=y', 'wait=30, wait=0']) {
      expect((await send(addXp(1), { prefer })).headers.get('preference-applied'), prefer).to.equal('wait=30');
    }
    expect((await send(addXp(1), waiting(0))).headers.get('preference-applied')).to.equal('wait=0');
  });

  it('are applied once, however often and from however many sides they come', async () => {
    await work();
    await work();
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, index) => send(addXp(150), { ...named('upd-1'), ...waiting(index % 2 ? 5 : 0) })),
    );
    for (const response of responses) {
      expect(response.status).to.be.oneOf([200, 202]);
      const { outcomes } = (await response.json()) as { outcomes?: unknown };
      if (response.status === 200) expect(outcomes).to.deep.equal([levelTwo]);
    }
    const again = await send(addXp(150), named('upd-1'));
    expect([again.status, await again.json()]).to.deep.equal([
      200,
      { key: 'upd-1', status: 'applied', outcomes: [levelTwo] },
    ]);
    expect(await xpOf(7)).to.equal(150);
  });

  it('are applied again neither by the SDK nor after it, under one key', async () => {
    const bot = await startBot({ redisUrl: api.redisUrl });
    opened.push(bot);
    await work();
    await (await bot.ledger.addXp(7, { xp: 150 }, { key: 'upd-1' })).result();
    expect((await send(addXp(150), named('upd-1'))).status).to.equal(200);
    await send(addXp(1), { ...named('upd-2'), ...waiting() });
    expect(await (await bot.ledger.addXp(7, { xp: 1 }, { key: 'upd-2' })).result()).to.include({ totalXp: 151 });
    expect(await xpOf(7)).to.equal(151);
  });

  describe('under a key of something else', () => {
    const conflict = async (response: Response) => {
      expect(await problemOf(response)).to.include({ status: 409 });
    };

    it('are refused while that waits', async () => {
      await send(addXp(150), named('upd-1'));
      await conflict(await send(addXp(151), named('upd-1')));
      expect(await api.units.getWaitingCount()).to.equal(1);
    });

    it('are refused once that is applied, and when Redis has forgotten it', async () => {
      await work();
      await send(addXp(150), { ...named('upd-1'), ...waiting() });
      await conflict(await send(addXp(151), named('upd-1')));
      await api.units.obliterate({ force: true });
      await conflict(await send(addXp(151), named('upd-1')));
      expect(await api.units.getWaitingCount()).to.equal(0);
      expect((await send(addXp(150), named('upd-1'))).status).to.equal(200);
      expect(await xpOf(7)).to.equal(150);
    });

    it('are refused all but one when they come at the same moment', async () => {
      const responses = await Promise.all(Array.from({ length: 20 }, (_, xp) => send(addXp(xp), named('upd-1'))));
      expect(responses.map(({ status }) => status).sort()).to.deep.equal([202, ...Array(19).fill(409)]);
    });

    it('are none for another bot, nor for another order of fields', async () => {
      await send(addXp(150), named('upd-1'));
      const other = { headers: named('upd-1'), token: QUIZ_TOKEN };
      expect((await api.post('/v1/bots/quiz_bot/operations', addXp(151), other)).status).to.equal(202);
      const reordered = '{ "operations": [ { "xp": 150, "telegramId": 7, "name": "addXp" } ] }';
      expect((await send(reordered, named('upd-1'))).status).to.equal(202);
      expect(await api.units.getWaitingCount()).to.equal(2);
    });

    it('are refused also when the commit alone finds out', async () => {
      const response = send(addXp(151), { ...named('upd-1'), ...waiting() });
      await until(async () => (await api.units.getWaitingCount()) === 1);
      await insertLedgerRow(api.database, { key: 'upd-1' });
      await work();
      await conflict(await response);
    });
  });

  describe('that fail', () => {
    const { attempts } = unitJobOptions;
    before(() => Object.assign(unitJobOptions, { attempts: 1 }));
    after(() => Object.assign(unitJobOptions, { attempts }));

    /** A rule that breaks: the end of the new subscription would be after the year 9999. */
    const breaking = { operations: [{ name: 'createSubscription', telegramId: 7, type: 'YEAR' }] };
    const insertEndless = async () => {
      const user = await insertUser(api.database, { telegramId: 7 });
      return insertSubscription(api.database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
    };

    it('are a problem with its reason, also when they are sent again, until a person has mended them', async () => {
      await work();
      const subscription = await insertEndless();
      for (const headers of [waiting(), {}, waiting(0)]) {
        const response = await send(breaking, { ...named('upd-1'), ...headers });
        expect(response.headers.get('location')).to.equal(`${PATH}/upd-1`);
        const { detail } = await problemOf(response);
        expect([response.status, detail]).to.deep.equal([422, detail]);
        expect(detail).to.match(/^The unit "upd-1" failed: RangeError: .*9999/);
      }
      const state = (await (await api.get(`${PATH}/upd-1`)).json()) as Record<string, string>;
      expect(state).to.include({ key: 'upd-1', status: 'failed' });
      expect(state['reason']).to.match(/^RangeError: /);

      await subscription.update({ endDate: new Date('2026-01-01T00:00:00Z') });
      await (await api.units.getFailed())[0]?.retry();
      await until(async () => (await send(breaking, named('upd-1'))).status === 200);
    });

    it('name the fields that a rule refused', async () => {
      await work();
      const payment = { name: 'recordPayment', telegramId: 7, provider: 'p', paymentId: '1', amount: '1' };
      const notify = (currency: string) =>
        send({ operations: [{ ...payment, tariff: 'month', status: 'PENDING', currency }] }, waiting());
      expect((await notify('RUB')).status).to.equal(200);
      const problem = await problemOf(await notify('USD'));
      expect(problem).to.include({ status: 422 });
      expect(problem['errors']).to.have.length(1);
      expect(String(problem['errors'])).to.match(/^recordPayment.currency: USD, but/);
    });

    it('are found also when the SDK sent them, alone or in a pack, and latest first', async () => {
      const bot = await startBot({ redisUrl: api.redisUrl });
      opened.push(bot);
      await insertEndless();
      await bot.ledger.createSubscription(7, { type: 'YEAR' }, { key: 'alone' });
      await bot.ledger.enqueueMany([
        { key: 'fine', build: (unit) => unit.addXp(8, { xp: 1 }) },
        { key: 'in a pack'.replaceAll(' ', '-'), build: (unit) => unit.createSubscription(7, { type: 'YEAR' }) },
      ]);
      await work();
      for (const key of ['alone', 'in-a-pack']) {
        const state = await until(async () => {
          const response = await api.get(`${PATH}/${key}`);
          const found = (await response.json()) as { status: string; reason: string };
          return found.status === 'failed' ? found : undefined;
        });
        expect(state.reason).to.match(/^RangeError: /);
      }
      expect((await api.get('/v1/bots/quiz_bot/operations/alone', { token: QUIZ_TOKEN })).status).to.equal(404);
      expect((await api.get(`${PATH}/fine`)).status).to.equal(200);
    });
  });

  it('let go of a client that goes away, and of all when the API closes', async () => {
    const leave = new AbortController();
    const left = fetch(api.url + PATH, {
      method: 'POST',
      body: JSON.stringify(addXp(1)),
      headers: { authorization: 'Bearer token-of-the-spin-bot', 'content-type': 'application/json', ...waiting(30) },
      signal: leave.signal,
    }).catch((error: Error) => error.name);
    const stays = send(addXp(2), waiting(30));
    await until(async () => (await api.units.getWaitingCount()) === 2);
    leave.abort();
    expect(await left).to.equal('AbortError');

    const start = performance.now();
    opened.splice(opened.indexOf(api), 1);
    await api.close();
    expect((await stays).status).to.equal(202);
    expect(performance.now() - start).to.be.below(2_000);
  });
});
