import { expect } from 'chai';
import { startWorker } from '../helpers/commit-worker.js';
import { startRedis } from '../helpers/redis.js';
import { addresses, breaking, fill, missing, operations, others, unit } from './contract-data.js';
import { QUIZ_TOKEN, startTestApi, type TestApi } from './harness.js';
import { Contract, type OpenApiDocument } from './openapi.js';

const METRICS_TOKEN = 'token-of-prometheus';

const isToken = (scheme: object | undefined) => scheme !== undefined && 'token' in scheme;

describe('The API and its OpenAPI document', () => {
  let api: TestApi;
  let contract: Contract;

  before(async () => {
    api = await startTestApi({ env: { METRICS_TOKEN } });
    contract = new Contract((await (await fetch(`${api.url}/openapi.json`)).json()) as OpenApiDocument);
    await fill(api);
  });
  after(() => api.close());

  const isForBots = (id: string) =>
    contract
      .operations()
      .some(({ operation: { operationId, security } }) => operationId === id && isToken(security[0]));
  const guarded = () => Object.entries(addresses).filter(([id]) => isForBots(id));

  /** Calls an operation as it wants to be called. */
  const call = (id: string, address: string, on: TestApi = api, options: Parameters<TestApi['get']>[1] = {}) =>
    id === 'sendOperations'
      ? on.post(address, unit, options)
      : on.get(address, { ...(id === 'getMetrics' && { token: METRICS_TOKEN }), ...options });
  const check = async (id: string, status: number, response: Response) => {
    expect(response.status, id).to.equal(status);
    await contract.check(id, response);
  };

  it('agree on which operations there are', () => {
    const ids = contract.operations().map(({ operation }) => operation.operationId);
    expect(ids.toSorted()).to.deep.equal(Object.keys(addresses).sort());
  });

  it('agree on what is answered', async () => {
    for (const [id, address] of [...Object.entries(addresses), ...others]) {
      await check(id, id === 'sendOperations' ? 202 : 200, await call(id, address));
    }
    const worker = await startWorker(api.database, api.redisUrl);
    await check('sendOperations', 200, await api.post(operations, unit, { headers: { prefer: 'wait=5' } }));
    await worker.close();
  });

  it('agree on what is answered to who has the answer already (304)', async () => {
    for (const [id, address] of guarded().filter(([id]) => id !== 'sendOperations' && id !== 'exportUser')) {
      const etag = (await call(id, address)).headers.get('etag') as string;
      await check(id, 304, await call(id, address, api, { headers: { 'if-none-match': etag } }));
    }
  });

  it('agree on what does not fit (400)', async () => {
    for (const [id, address] of guarded()) {
      await check(id, 400, await call(id, `${address.split('?')[0]}?nonsense=1`));
    }
    await check('sendOperations', 400, await api.post(operations, { operations: [{ name: 'addXP' }] }));
  });

  it('agree on who may not ask (401, 403)', async () => {
    for (const [id, address] of guarded()) {
      await check(id, 401, await call(id, address, api, { token: 'wrong' }));
      if (address.includes('/bots/')) await check(id, 403, await call(id, address, api, { token: QUIZ_TOKEN }));
    }
  });

  it("keep what is one bot's from the token of another, at every address and by every method", async () => {
    const waiting = await api.units.getJobCounts();
    for (const { path, operation } of contract.operations().filter(({ operation }) => isToken(operation.security[0]))) {
      const address = addresses[operation.operationId] as string;
      const answer = await call(operation.operationId, address, api, { token: QUIZ_TOKEN });
      expect(answer.status, path).to.equal(path.includes('{bot}') ? 403 : 200);
      // What `fill` wrote into the session and the outcomes of spin_bot.
      expect(await answer.text(), path).not.to.match(/question_count|"key":"applied"/);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const body = JSON.stringify(unit);
        const headers = { authorization: `Bearer ${QUIZ_TOKEN}`, 'content-type': 'application/json' };
        const written = await fetch(api.url + address, { method, headers, body });
        expect(written.status, `${method} ${path}`).to.be.oneOf([403, 405]);
      }
    }
    expect(await api.units.getJobCounts()).to.deep.equal(waiting);
  });

  it('agree on who may not ask for the metrics: a bot (401)', async () => {
    await check('getMetrics', 401, await api.get('/metrics'));
  });

  it('agree on what is not there (404)', async () => {
    for (const [id, address] of Object.entries(missing)) await check(id, 404, await call(id, address));
  });

  it('agree on units that are refused (409, 413, 415, 422)', async () => {
    const send = (body: unknown, headers = {}) => api.post(operations, body, { headers });
    await check('sendOperations', 409, await send(unit, { 'idempotency-key': 'applied' }));
    await check('sendOperations', 413, await send('x'.repeat(2_000_000)));
    await check('sendOperations', 415, await send('<xml/>', { 'content-type': 'application/xml' }));
    await check('sendOperations', 422, await send(breaking, { 'idempotency-key': 'failed' }));
  });

  it('agree on too many requests (429)', async () => {
    const limited = await startTestApi({ env: { RATE_LIMIT_PER_MINUTE: '1' } });
    try {
      expect((await limited.get('/v1/users/count')).status).to.equal(200);
      for (const [id, address] of guarded()) await check(id, 429, await call(id, address, limited));
    } finally {
      await limited.close();
    }
  });

  it('agree on a database and a Redis that are away (503)', async () => {
    const redis = await startRedis();
    await redis.kill();
    const alone = await startTestApi({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', redisUrl: redis.url });
    try {
      for (const [id, address] of guarded()) await check(id, 503, await call(id, address, alone));
      await check('getReadiness', 503, await alone.get('/readyz'));
    } finally {
      await alone.close();
      await redis.close();
    }
  });

  it('have been held against each other in everything that the document names', () => {
    const unasked = contract.documented().filter((answer) => !contract.seen.has(answer));
    // Each says when it was made, so no two are the same.
    expect(unasked).to.deep.equal(['exportUser 304']);
  });
});
