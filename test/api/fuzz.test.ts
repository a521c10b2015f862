import { expect } from 'chai';
import fc from 'fast-check';
import { checkUnit } from '../../src/operations/unit.js';
import { dialects } from '../helpers/databases.js';
import { nearlyRightUnit, oddJson, oddObject } from '../helpers/odd-json.js';
import { problemOf, QUIZ_TOKEN, SPIN_TOKEN, startTestApi, type TestApi } from './harness.js';

const PATH = '/v1/bots/spin_bot/operations';

const anything = fc.oneof(
  oddJson,
  oddObject,
  oddObject.map((operation) => ({ operations: [operation] })),
  fc.record({ operations: oddJson }),
  nearlyRightUnit.map(({ operations }) => ({ operations })),
);

/** Whether the unit fits, as what waits in the queue must. */
function fits(body: unknown): boolean {
  try {
    const { operations, ...rest } = body as { operations: never };
    checkUnit({ bot: 'spin_bot', key: 'any', at: 0, operations });
    return Object.keys(rest).length === 0;
  } catch {
    return false;
  }
}

for (const dialect of dialects)
  describe(`Anything at all, sent to the API on ${dialect}`, () => {
    let api: TestApi;
    before(async () => {
      api = await startTestApi({ dialect });
    });
    after(() => api.close());

    const expectProblem = async (response: Response, ...statuses: number[]) => {
      expect((await problemOf(response))['status']).to.be.oneOf(statuses);
    };

    it('as a body: what fits is taken, the rest is a problem of whoever sent it', async () => {
      await fc.assert(
        fc.asyncProperty(anything, async (body) => {
          // As it arrives: JSON has no undefined and no -0.
          const text = JSON.stringify(body);
          const response = await api.post(PATH, text);
          if (fits(JSON.parse(text))) expect(response.status).to.equal(202);
          else await expectProblem(response, 400);
        }),
        { numRuns: 300 },
      );
      for (const { data } of await api.units.getWaiting()) checkUnit(data.units[0]);
    });

    it('as text that is no JSON', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
          const response = await api.post(PATH, text);
          if (response.status !== 202) await expectProblem(response, 400, 415);
        }),
        { numRuns: 200 },
      );
    });

    it('as headers', async () => {
      const printable = fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,60}$/);
      const body = { operations: [{ name: 'addXp', telegramId: 1, xp: 1 }] };
      await fc.assert(
        fc.asyncProperty(printable, printable, printable, async (key, prefer, type) => {
          const headers = { 'idempotency-key': key, prefer: `${prefer}, wait=0`, 'content-type': type };
          const response = await api.post(PATH, body, { headers });
          if (response.status !== 202) await expectProblem(response, 400, 415);
        }),
        { numRuns: 200 },
      );
    });

    it('to every route, by every method', async () => {
      const { paths } = (await (await api.get('/openapi.json')).json()) as { paths: Record<string, object> };
      const path = fc.constantFrom(
        ...Object.keys(paths),
        '/admin/login',
        '/admin/queues',
        '/admin/queues/api/queues',
        '/',
      );
      const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY');
      const query = fc.dictionary(fc.constantFrom('limit', 'before', 'offset', 'type', 'bot'), fc.string(), {
        maxKeys: 3,
      });
      const token = fc.constantFrom(SPIN_TOKEN, QUIZ_TOKEN, '', 'Ж');
      await fc.assert(
        fc.asyncProperty(
          path,
          method,
          query,
          token,
          fc.string(),
          anything,
          async (route, verb, asked, secret, part, body) => {
            const address = route.replaceAll(/\{\w+\}/g, () => encode(part) || '1');
            const response = await fetch(`${api.url}${address}?${new URLSearchParams(asked)}`, {
              method: verb,
              headers: { authorization: `Bearer ${encode(secret)}`, 'content-type': 'application/json' },
              redirect: 'manual',
              ...(verb === 'GET' || verb === 'HEAD' ? {} : { body: JSON.stringify(body) }),
            });
            await response.arrayBuffer();
            expect(response.status, `${verb} ${address}`).to.be.below(500);
          },
        ),
        { numRuns: 400 },
      );
    });

    it('as parts of an address', async () => {
      const part = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.integer().map(String), fc.constant('%ff'));
      const address = fc.constantFrom(
        '/v1/users/:part',
        '/v1/users/:part/export',
        '/v1/users/1/trainings?before=:part',
        '/v1/users/1/trainings?limit=:part',
        '/v1/users/1/badges?type=:part',
        '/v1/users/1/badges/count?bot=:part',
        '/v1/leaderboard?offset=:part',
        '/v1/promocodes/:part',
        '/v1/bots/spin_bot/operations/:part',
        '/v1/bots/:part/users/1/session',
      );
      await fc.assert(
        fc.asyncProperty(address, part, async (path, text) => {
          const response = await api.get(path.replace(':part', () => (text === '%ff' ? text : encode(text))));
          if (response.status !== 200) await expectProblem(response, 400, 403, 404);
        }),
        { numRuns: 500 },
      );
    });
  });

/** Half a surrogate pair has no percent-encoding; as nothing, it is one more odd thing to send. */
const encode = (text: string) => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, ''));
