import { expect } from 'chai';
import { problemOf, QUIZ_TOKEN, startTestApi, type TestApi } from './harness.js';

const PATH = '/v1/bots/spin_bot/operations';
const addXp = { name: 'addXp', telegramId: 7, xp: 5 };

describe('Operations over HTTP that do not fit', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ env: { MAX_UNIT_BYTES: '2000' } });
  });
  after(() => api.close());
  afterEach(async () => expect(await api.units.getWaitingCount()).to.equal(0));

  const bad: [what: string, body: unknown, error: RegExp][] = [
    ['no object', [], /^body: /],
    ['nothing', {}, /^unit.operations: /],
    ['no operations', { operations: [] }, /^unit.operations: too small/],
    ['too many operations', { operations: Array(101).fill(addXp) }, /^unit.operations: too big/],
    ['what a unit has besides', { operations: [addXp], bot: 'quiz_bot' }, /^body.bot: unknown field/],
    [
      'an unknown operation',
      { operations: [{ ...addXp, name: 'addXP' }] },
      /unknown operation "addXP", known are touchUser/,
    ],
    ['a field of the wrong type', { operations: [{ ...addXp, xp: '5' }] }, /^addXp.xp: expected number/],
    ['a field that is not known', { operations: [{ ...addXp, level: 2 }] }, /^addXp.level: unknown field/],
    ['no user', { operations: [{ name: 'addXp', xp: 5 }] }, /^addXp.telegramId: /],
    ['the second of two', { operations: [addXp, { ...addXp, xp: 0.5 }] }, /^operations\[1\] addXp.xp: /],
    [
      'what wants to be alone',
      { operations: [addXp, { name: 'deleteUser', telegramId: 7 }] },
      /must be the only operation/,
    ],
    [
      'a unit that is too large',
      { operations: [{ name: 'saveSession', telegramId: 7, session: { a: 'x'.repeat(2_000) } }] },
      /bytes of JSON, but a unit may have 2000/,
    ],
  ];
  for (const [what, body, error] of bad) {
    it(`are refused, and named: ${what}`, async () => {
      const problem = await problemOf(await api.post(PATH, body));
      expect(problem).to.include({ status: 400, instance: PATH });
      expect((problem['errors'] as string[])[0]).to.match(error);
    });
  }

  it('are refused when they are no JSON, or not said to be', async () => {
    const send = (body: string, type: string) => api.post(PATH, body, { headers: { 'content-type': type } });
    const good = JSON.stringify({ operations: [addXp] });
    expect(await problemOf(await send('{"operations":', 'application/json'))).to.include({ status: 400 });
    expect(await problemOf(await send('"text"', 'application/json'))).to.include({ status: 400 });
    expect(await problemOf(await send(good, 'text/plain'))).to.include({ status: 415 });
    expect(await problemOf(await send(good, 'application/json; charset=koi8-r'))).to.include({ status: 415 });
    expect(await problemOf(await send('x'.repeat(10_000), 'application/json'))).to.include({ status: 413 });
  });

  it('are measured without the escapes that some languages write', async () => {
    const session = { text: 'ж'.repeat(950) };
    const body = JSON.stringify({ operations: [{ name: 'saveSession', telegramId: 7, session }] });
    const escaped = body.replaceAll('ж', '\\u0436');
    expect(escaped).to.have.length.above(5_700);
    expect((await api.post(PATH, escaped)).status).to.equal(202);
    await api.units.drain();
  });

  it('are refused under a key that is none', async () => {
    for (const key of ['', 'with space', 'x'.repeat(201), '..', '.', 'é']) {
      const response = await api.post(PATH, { operations: [addXp] }, { headers: { 'idempotency-key': key } });
      const problem = await problemOf(response);
      expect(problem).to.include({ status: 400 });
      expect(String(problem['errors']), key).to.match(/^header.idempotency-key: (expected 1 to 200|must not be)/);
    }
  });

  it('are refused from who may not, before anything is read', async () => {
    const send = (token: string) => api.post(PATH, { operations: 'x' }, { token });
    expect(await problemOf(await send('wrong'))).to.include({ status: 401 });
    expect(await problemOf(await send(QUIZ_TOKEN))).to.include({ status: 403 });
    const response = await api.get(PATH);
    expect(response.headers.get('allow')).to.equal('POST');
    expect(await problemOf(response)).to.include({ status: 405 });
  });

  it('leave nothing of themselves in the log', async () => {
    api.logged.length = 0;
    await api.post(
      PATH,
      { operations: [{ ...addXp, secret: 'private' }] },
      { headers: { 'idempotency-key': 'private' } },
    );
    expect(api.logged.map(({ method, route, status }) => [method, route, status])).to.deep.equal([
      ['POST', '/v1/bots/:bot/operations', 400],
    ]);
    expect(JSON.stringify(api.logged)).not.to.match(/private|secret|token-of/);
  });
});
