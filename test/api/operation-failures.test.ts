import { type Job, Worker } from 'bullmq';
import { expect } from 'chai';
import { UNITS_QUEUE, unitJobOptions } from '../../src/queue.js';
import { insertSubscription, insertUser } from '../factories.js';
import { until } from '../helpers/until.js';
import { eachApi, named, PATH, waiting } from './each-api.js';
import { problemOf, QUIZ_TOKEN } from './harness.js';

describe('Operations over HTTP that fail', () => {
  const given = eachApi();
  const { send, work } = given;

  const { attempts } = unitJobOptions;
  before(() => Object.assign(unitJobOptions, { attempts: 1 }));
  after(() => Object.assign(unitJobOptions, { attempts }));

  /** A rule that breaks: the end of the new subscription would be after the year 9999. */
  const breaking = { operations: [{ name: 'createSubscription', telegramId: 7, type: 'YEAR' }] };
  const insertEndless = async () => {
    const user = await insertUser(given.api.database, { telegramId: 7 });
    return insertSubscription(given.api.database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
  };

  it('are a problem with its reason, also when they are sent again, until a person has mended them', async () => {
    await work();
    const subscription = await insertEndless();
    for (const headers of [waiting(), {}, waiting(0)]) {
      const response = await send(breaking, { ...named('upd-1'), ...headers });
      expect(response.headers.get('location')).to.equal(`${PATH}/upd-1`);
      const { detail } = await problemOf(response);
      expect([response.status, detail]).to.deep.equal([422, detail]);
      expect(detail).to.match(/^The unit "upd-1" failed: UnitFailedError: createSubscription: RangeError: .*9999/);
    }
    const state = (await (await given.api.get(`${PATH}/upd-1`)).json()) as Record<string, string>;
    expect(state).to.include({ key: 'upd-1', status: 'failed' });
    expect(state['reason']).to.match(/^UnitFailedError: createSubscription: RangeError: /);

    await subscription.update({ endDate: new Date('2026-01-01T00:00:00Z') });
    await (await given.api.units.getFailed())[0]?.retry();
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

  it('are found also when the SDK sent them, alone or in a pack', async () => {
    const bot = await given.startBot();
    await insertEndless();
    await bot.ledger.createSubscription(7, { type: 'YEAR' }, { key: 'alone' });
    await bot.ledger.enqueueMany([
      { key: 'fine', build: (unit) => unit.addXp(8, { xp: 1 }) },
      { key: 'in a pack'.replaceAll(' ', '-'), build: (unit) => unit.createSubscription(7, { type: 'YEAR' }) },
    ]);
    await work();
    for (const key of ['alone', 'in-a-pack']) {
      const state = await until(async () => {
        const response = await given.api.get(`${PATH}/${key}`);
        const found = (await response.json()) as { status: string; reason: string };
        return found.status === 'failed' ? found : undefined;
      });
      expect(state.reason).to.match(/^UnitFailedError: createSubscription: RangeError: /);
    }
    expect((await given.api.get('/v1/bots/quiz_bot/operations/alone', { token: QUIZ_TOKEN })).status).to.equal(404);
    expect((await given.api.get(`${PATH}/fine`)).status).to.equal(200);
  });

  it('are found by the latest failure under their key, however many others failed since', async () => {
    const { units } = given.api;
    const add = (name: string, key: string) =>
      units.add(name, { v: 1, units: [{ bot: 'spin_bot', key }] }, { attempts: 1 });
    for (const name of ['first', 'second']) await add(name, 'twice');
    for (let index = 0; index < 150; index++) await add('other', `other-${index}`);
    const fail = async ({ name }: Job) => {
      throw new Error(name);
    };
    const worker = new Worker(UNITS_QUEUE, fail, { connection: units.opts.connection });
    await until(async () => (await units.getFailedCount()) === 152);
    await worker.close();
    const state = await (await given.api.get(`${PATH}/twice`)).json();
    expect(state).to.deep.equal({ key: 'twice', status: 'failed', reason: 'second' });
  });
});
