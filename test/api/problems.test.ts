import { expect } from 'chai';
import { problemOf, QUIZ_TOKEN, SPIN_TOKEN, startTestApi, type TestApi } from './harness.js';

describe('HTTP problems', () => {
  let api: TestApi;

  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  const bad = [
    ['/v1/users/12x', 'path.telegramId: expected a whole number'],
    ['/v1/users/1.5', 'path.telegramId: expected a whole number'],
    ['/v1/users/007', 'path.telegramId: expected a whole number'],
    ['/v1/users/9007199254740993', 'path.telegramId: expected a safe integer'],
    [`/v1/users/${'9'.repeat(400)}`, 'path.telegramId: expected'],
    ['/v1/users/1?verbose=1', 'query.verbose: unknown field'],
    ['/v1/users/1?__proto__=1', 'query.__proto__'],
    ['/v1/users/1/badges?bot=a&bot=b', 'query.bot: expected string'],
    ['/v1/users/1/badges?bot=%20', 'query.bot: expected 1 to 64 letters'],
    ['/v1/leaderboard?limit=0', 'query.limit: too small'],
    ['/v1/leaderboard?limit=101', 'query.limit: too big'],
    ['/v1/leaderboard?limit=', 'query.limit: expected a whole number'],
    ['/v1/leaderboard?offset=-1', 'query.offset: too small'],
    ['/v1/users/1/badges?type=', 'query.type: too small'],
    ['/v1/users/1/badges/count?bot=a%2Fb', 'query.bot: expected 1 to 64 letters'],
    ['/v1/users/1/trainings?limit=101', 'query.limit: too big'],
    ['/v1/users/1/trainings?before=42', 'before: expected the "next" of an earlier page'],
    ['/v1/promocodes/a%20b', 'path.code: expected 1 to 64 letters'],
    ['/v1/bots/spin_bot/operations/%20', 'path.key: expected 1 to 200 printable'],
  ] as const;
  for (const [path, error] of bad) {
    it(`answers 400 for ${path.slice(0, 60)}`, async () => {
      const problem = await problemOf(await api.get(path));
      expect(problem).to.include({ status: 400, title: 'Bad Request', instance: path.split('?')[0] });
      expect(String(problem['errors'])).to.include(error);
    });
  }

  it('answers 400 for an address that is not UTF-8', async () => {
    expect(await problemOf(await api.get('/v1/users/%ff'))).to.include({ status: 400 });
  });

  it('answers 404 for what is not there', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', '/v2/users/1', '/v1/users/1', '/__proto__', '/v1/users//rank']) {
      expect((await problemOf(await api.get(path)))['status'], path).to.equal(404);
    }
  });

  it('answers 405 and names the methods that there are', async () => {
    const response = await fetch(`${api.url}/v1/users/1`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${SPIN_TOKEN}` },
    });
    expect(response.headers.get('allow')).to.equal('GET, HEAD');
    expect(await problemOf(response)).to.include({ status: 405, title: 'Method Not Allowed' });
  });

  describe('for who is asking', () => {
    const anyone = ['/v1/users/1/rank', '/v1/leaderboard', '/v1/users/count', '/v1/users/1/badges?bot=quiz_bot'];
    const spinOnly = ['/v1/bots/spin_bot/users/1/session'];
    const matrix = [
      { who: 'spin_bot', authorization: `Bearer ${SPIN_TOKEN}`, shared: 200, spin: 200 },
      { who: 'spin_bot, in other words', authorization: `bearer   ${SPIN_TOKEN}`, shared: 200, spin: 200 },
      { who: 'another bot', authorization: `Bearer ${QUIZ_TOKEN}`, shared: 200, spin: 403 },
      { who: 'a wrong token', authorization: `Bearer ${SPIN_TOKEN}x`, shared: 401, spin: 401 },
      { who: 'the start of a token', authorization: `Bearer ${SPIN_TOKEN.slice(0, 5)}`, shared: 401, spin: 401 },
      { who: 'no token', authorization: 'Bearer ', shared: 401, spin: 401 },
      { who: 'another scheme', authorization: `Basic ${SPIN_TOKEN}`, shared: 401, spin: 401 },
      { who: 'nobody', authorization: undefined, shared: 401, spin: 401 },
    ];
    for (const { who, authorization, shared, spin } of matrix) {
      it(`answers ${who} with ${shared} for shared data and ${spin} for spin_bot's`, async () => {
        const headers = authorization === undefined ? {} : { authorization };
        for (const path of [...anyone, ...spinOnly]) {
          const response = await fetch(api.url + path, { headers });
          const expected = spinOnly.includes(path) ? spin : shared;
          expect(response.status, path).to.equal(expected);
          if (expected === 401) expect(response.headers.get('www-authenticate')).to.match(/^Bearer/);
          if (expected >= 400) await problemOf(response);
        }
      });
    }

    it('tells a stranger nothing about which addresses there are', async () => {
      expect((await fetch(`${api.url}/v1/nothing`)).status).to.equal(401);
    });

    it('refuses operations of another bot', async () => {
      const response = await api.get('/v1/bots/spin_bot/operations/upd-1', { token: QUIZ_TOKEN });
      expect(await problemOf(response)).to.include({ status: 403 });
    });

    it('has one made-up token for every bot in development', async () => {
      const open = await startTestApi({ env: { API_TOKENS: undefined } });
      try {
        expect((await open.get('/v1/users/count', { token: 'undefined' })).status).to.equal(401);
        for (const bot of ['spin_bot', 'quiz_bot']) {
          const path = `/v1/bots/${bot}/users/1/session`;
          expect((await open.get(path, { token: open.developmentToken })).status).to.equal(200);
        }
      } finally {
        await open.close();
      }
    });
  });

  it('sends security headers and no word about what it runs on', async () => {
    const { headers } = await api.get('/v1/leaderboard');
    expect(headers.get('x-powered-by')).to.equal(null);
    expect(headers.get('content-security-policy')).to.include("default-src 'none'");
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(headers.get('cache-control')).to.equal('private, no-cache');
  });

  it('logs the route and nothing that was asked', async () => {
    api.logged.length = 0;
    await api.get('/v1/users/424242/badges?bot=secret_bot', { headers: { 'x-note': 'private' } });
    await api.get('/v1/bots/spin_bot/operations/private-key');
    expect(api.logged.map(({ method, route, status }) => [method, route, status])).to.deep.equal([
      ['GET', '/v1/users/:telegramId/badges', 200],
      ['GET', '/v1/bots/:bot/operations/:key', 404],
    ]);
    expect(JSON.stringify(api.logged)).not.to.match(/424242|secret_bot|private|token-of/);
  });
});
