import { connect } from 'node:net';
import { expect } from 'chai';
import { logIn, problemOf, startTestApi, type TestApi } from './harness.js';

const INSIDES = /\bat .*[:(]\d+|node_modules|\.js\b|\.ts\b|Error:|SELECT|sqlite/i;

describe('What the API answers to requests that are no good', () => {
  let api: TestApi;

  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

  /** Sends bytes as they are; answers all that comes back. */
  function send(text: string): Promise<string> {
    const { hostname, port } = new URL(api.url);
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on('data', (chunk) => (answer += chunk)).once('close', () => resolve(answer));
      socket.once('error', reject);
    });
  }

  const request = (line: string, ...headers: string[]) =>
    `${[`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;

  const unreadable: [what: string, text: string, status: number][] = [
    ['no HTTP', 'HELO there\r\n\r\n', 400],
    ['two lengths', request('POST /v1/users/1', 'Content-Length: 1', 'Content-Length: 2'), 400],
    ['a length and chunks', request('POST /v1/users/1', 'Content-Length: 1', 'Transfer-Encoding: chunked'), 400],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a header that is no header', request('GET /healthz', 'no colon in it'), 400],
    ['a line break in a header', request('GET /healthz', 'X-A: b\nX-C'), 400],
    ['headers without end', request('GET /healthz', `X-Long: ${'x'.repeat(20_000)}`), 431],
  ];
  for (const [what, text, status] of unreadable) {
    it(`answers ${status} to ${what}, and goes on`, async () => {
      const answer = await send(text);
      expect(answer)
        .to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
        .and.not.match(INSIDES);
      expect((await fetch(`${api.url}/healthz`)).status).to.equal(200);
    });
  }

  it('leads out of no directory', async () => {
    const { cookie } = await logIn(api);
    for (const start of ['/docs', '/admin/queues/static', '/admin/queues/static/js']) {
      for (const up of ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%5c', '..%252f', '/../']) {
        for (const file of ['package.json', 'etc/passwd', '.env']) {
          const answer = await send(request(`GET ${start}/${up.repeat(6)}${file}`, `Cookie: ${cookie}`));
          expect(answer, start + up).to.match(/^HTTP\/1\.1 (40[0-4]|302) /);
          expect(answer).not.to.match(/"version"|root:/);
        }
      }
    }
  });

  it('reads no body that is too long, broken, or of another kind, wherever it goes', async () => {
    const { cookie } = await logIn(api);
    const board = { cookie, origin: api.url };
    const routes: [string, Record<string, string>][] = [
      ['/v1/bots/spin_bot/operations', {}],
      ['/admin/queues/api/queues/botledger/add', board],
      ['/admin/login', { origin: api.url }],
    ];
    for (const [path, headers] of routes) {
      const kind = path === '/admin/login' ? 'application/x-www-form-urlencoded' : 'application/json';
      const post = (body: string, more: Record<string, string> = {}) =>
        api.post(path, body, { headers: { 'content-type': kind, ...headers, ...more } });
      const answers = [
        await post(`"${'x'.repeat(4_000_000)}"`),
        await post('{"operations":[{'),
        await post('{}', { 'content-encoding': 'br' }),
        await post('{}', { 'content-type': `${kind}; charset=klingon` }),
        await post('<xml/>', { 'content-type': 'application/xml' }),
      ];
      for (const answer of answers) {
        expect(answer.status, path).to.be.oneOf([400, 413, 415]);
        expect(await answer.text()).not.to.match(INSIDES);
      }
      expect(answers[0]?.status).to.equal(413);
    }
  });

  it('shows no stack, also in development and also in Bull Board', async () => {
    const headers = await logIn(api);
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'development';
    try {
      for (const path of [
        '/v1/users/%ff',
        '/admin/queues/api/queues/%ff/metrics',
        '/admin/queues/static/%ff',
        '/docs/%ff',
      ]) {
        const answer = await api.get(path, { headers });
        expect(answer.status, path).to.be.oneOf([400, 404]);
        expect(await answer.text()).not.to.match(INSIDES);
      }
    } finally {
      if (before === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = before;
    }
  });

  it('sends every page and answer with the headers that keep a browser from mischief', async () => {
    const { cookie } = await logIn(api);
    for (const path of ['/', '/healthz', '/openapi.json', '/docs', '/admin/login', '/admin/queues', '/v1/users/1']) {
      const { headers } = await fetch(api.url + path, { headers: { cookie }, redirect: 'manual' });
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('x-frame-options'), path).to.match(/deny/i);
      expect(headers.get('content-security-policy'), path).to.match(/default-src '(none|self)'/);
      expect(headers.get('content-security-policy'), path).to.include("frame-ancestors 'none'");
      expect(headers.get('strict-transport-security'), path).to.match(/max-age=\d{8}/);
      expect(headers.get('cross-origin-resource-policy'), path).to.equal('same-origin');
      expect(headers.get('x-powered-by'), path).to.equal(null);
    }
  });

  it('is a problem for what no route answers', async () => {
    expect(await problemOf(await api.get('/admin/../v3'))).to.include({ status: 404 });
  });
});
