import { expect } from 'chai';
import { sharedPostgres } from '../helpers/databases.js';
import { startRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { problemOf, startTestApi } from './harness.js';

const PATH = '/v1/bots/spin_bot/operations';
const body = { operations: [{ name: 'addXp', telegramId: 7, xp: 5 }] };
const headers = { 'idempotency-key': 'upd-1' };

describe('Operations over HTTP while Redis is away', () => {
  const ways = [
    {
      how: 'killed',
      leave: (redis: Awaited<ReturnType<typeof startRedis>>) => redis.kill(),
      comeBack: (redis: Awaited<ReturnType<typeof startRedis>>) => redis.start(),
    },
    {
      how: 'frozen',
      leave: async (redis: Awaited<ReturnType<typeof startRedis>>) => redis.pause(),
      comeBack: async (redis: Awaited<ReturnType<typeof startRedis>>) => redis.resume(),
    },
  ];
  for (const { how, leave, comeBack } of ways) {
    it(`(${how}) are refused within a second, with the key to try again with, and taken when it is back`, async () => {
      const redis = await startRedis();
      const api = await startTestApi({ redisUrl: redis.url });
      try {
        expect((await api.post(PATH, body, { headers: { 'idempotency-key': 'upd-0' } })).status).to.equal(202);
        await leave(redis);
        for (const given of [headers, {}, { ...headers, prefer: 'wait=5' }]) {
          const start = performance.now();
          const response = await api.post(PATH, body, { headers: given });
          expect(performance.now() - start).to.be.below(1_000);
          expect(response.headers.get('retry-after')).to.equal('1');
          const { status, detail } = await problemOf(response);
          expect(status).to.equal(503);
          expect(detail).to.match(/retry with the same key "(upd-1|[0-9A-Z]{26})"/);
        }
        await comeBack(redis);
        await until(async () => (await api.post(PATH, body, { headers })).status === 202);
        await until(async () => (await api.get(`${PATH}/upd-1`)).ok);
      } finally {
        redis.resume();
        await api.close();
        await redis.close();
      }
    });
  }
});

describe('Operations over HTTP while the database is away', () => {
  it('are taken all the same, without waiting for it', async () => {
    const postgres = await sharedPostgres();
    const api = await startTestApi({ dialect: 'postgres' });
    const take = async (key: string) => {
      const start = performance.now();
      const response = await api.post(PATH, body, { headers: { 'idempotency-key': key } });
      expect(response.status).to.equal(202);
      expect(performance.now() - start).to.be.below(1_000);
    };
    try {
      await take('before');
      await postgres.stop('immediate');
      try {
        await take('stopped');
        await take('stopped');
      } finally {
        await postgres.start();
      }
      await until(async () => (await api.get('/v1/users/count')).ok);
      await postgres.pause();
      try {
        await take('frozen');
      } finally {
        postgres.resume();
      }
      expect(await api.units.getWaitingCount()).to.equal(3);
    } finally {
      await api.close();
    }
  });
});
