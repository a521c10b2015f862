import { expect } from 'chai';
import { request } from 'undici';
import { insertSession, insertUser } from '../factories.js';
import { problemOf, QUIZ_TOKEN, SPIN_TOKEN, startTestApi, type TestApi } from './harness.js';

describe('How answers are delivered', () => {
  let api: TestApi;
  const telegramId = 7;
  const session = `/v1/bots/spin_bot/users/${telegramId}/session`;

  before(async () => {
    api = await startTestApi();
    const user = await insertUser(api.database, { telegramId });
    await insertSession(api.database, user, { sessionData: { text: 'long '.repeat(3_000) } });
  });
  after(() => api.close());

  it('not at all to who has the answer already, until it changes', async () => {
    const first = await api.get(session);
    const etag = first.headers.get('etag') as string;
    expect(etag).to.match(/^W\/"/);
    const again = await api.get(session, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text(), again.headers.get('etag')]).to.deep.equal([304, '', etag]);
    expect(again.headers.get('cache-control')).to.equal('private, no-cache');

    await insertUser(api.database, { telegramId: 8 });
    expect((await api.get('/v1/users/8', { headers: { 'if-none-match': etag } })).status).to.equal(200);
    expect((await api.get('/v1/users/9', { headers: { 'if-none-match': '*' } })).status).to.equal(404);
  });

  it('without its body to who asks for the head', async () => {
    const headers = { authorization: `Bearer ${SPIN_TOKEN}` };
    for (const path of [session, '/v1/users/count']) {
      const whole = await request(api.url + path, { headers });
      const head = await request(api.url + path, { headers, method: 'HEAD' });
      expect([head.statusCode, await head.body.text()]).to.deep.equal([200, '']);
      for (const name of ['etag', 'content-type', 'content-length']) {
        expect(head.headers[name], name).to.be.a('string').and.equal(whole.headers[name]);
      }
      expect(Number(head.headers['content-length'])).to.equal((await whole.body.arrayBuffer()).byteLength);
    }
  });

  it('compressed to who takes that, and only where it is worth it', async () => {
    for (const encoding of ['gzip', 'br', 'deflate']) {
      const headers = { authorization: `Bearer ${SPIN_TOKEN}`, 'accept-encoding': encoding };
      const response = await request(api.url + session, { headers });
      expect(response.headers['content-encoding']).to.equal(encoding);
      expect(response.headers['vary']).to.match(/accept-encoding/i);
      expect((await response.body.arrayBuffer()).byteLength).to.be.below(1_000);
      const small = await request(`${api.url}/v1/users/count`, { headers });
      expect(small.headers['content-encoding']).to.equal(undefined);
      await small.body.dump();
    }
    expect(await (await api.get(session)).json()).to.have.nested.property('session.text', 'long '.repeat(3_000));
  });

  it('with headers that keep browsers from doing anything with them', async () => {
    for (const path of ['/v1/users/count', '/healthz', '/openapi.json', '/nowhere']) {
      const { headers } = await api.get(path);
      expect(headers.get('content-security-policy'), path).to.include("default-src 'none'");
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('x-powered-by')).to.equal(null);
    }
  });
});

describe('The rate limit', () => {
  it('is for each token by itself, and says when to come back', async () => {
    const api = await startTestApi({ env: { RATE_LIMIT_PER_MINUTE: '3' } });
    try {
      for (let left = 2; left >= 0; left--) {
        const response = await api.get('/v1/users/count');
        expect(response.status).to.equal(200);
        expect(response.headers.get('ratelimit')).to.include(`r=${left};`);
        expect(response.headers.get('ratelimit-policy')).to.equal('"3-in-1min"; q=3; w=60');
      }
      const refused = await api.get('/v1/users/count');
      expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
      expect(await problemOf(refused)).to.include({
        status: 429,
        detail: 'More than 3 requests in a minute with this token: ask less often',
      });
      expect((await api.post('/v1/bots/spin_bot/operations', {})).status, 'writes count as well').to.equal(429);
      expect((await api.get('/v1/users/count', { token: QUIZ_TOKEN })).status).to.equal(200);
      expect((await api.get('/v1/users/count', { token: 'wrong' })).status, 'strangers stay strangers').to.equal(401);
      expect((await fetch(`${api.url}/readyz`)).status, 'probes are free').to.equal(200);
      expect(api.logged.filter(({ level }) => Number(level) >= 40)).to.deep.equal([]);
    } finally {
      await api.close();
    }
  });

  it('can be turned off', async () => {
    const api = await startTestApi({ env: { RATE_LIMIT_PER_MINUTE: '0' } });
    try {
      expect((await api.get('/v1/users/count')).headers.has('ratelimit')).to.equal(false);
    } finally {
      await api.close();
    }
  });
});

describe('The documentation for people', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  const answer = async (path: string) => {
    const response = await fetch(api.url + path);
    expect(response.status, path).to.equal(200);
    return { type: response.headers.get('content-type'), headers: response.headers, text: await response.text() };
  };

  it('is a page that loads nothing from elsewhere, nor may', async () => {
    const { headers, text } = await answer('/docs');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy)
      .to.include("default-src 'none'")
      .and.include("script-src 'self';")
      .and.not.match(/https?:|\*/);
    expect(text).not.to.match(/https?:|src="\/\/|<script>|<style/);

    const assets = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path as string);
    expect(assets).to.have.length(3);
    for (const path of assets) expect((await answer(path)).type, path).to.match(/^text\/(css|javascript)/);
  });

  it('shows the document of this very API', async () => {
    expect((await answer('/docs/start.js')).text).to.include("url: '/openapi.json'");
    expect(JSON.parse((await answer('/openapi.json')).text)).to.include({ openapi: '3.1.0' });
  });

  it('gives no other files away', async () => {
    for (const path of ['package.json', '..%2Fexpress%2Fpackage.json', 'index.html', 'swagger-ui.css.map', '%00']) {
      expect((await fetch(`${api.url}/docs/${path}`)).status, path).to.equal(404);
    }
    expect((await fetch(`${api.url}/docs`, { method: 'POST' })).status).to.equal(405);
  });
});
