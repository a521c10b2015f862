import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { sharedPostgres } from '../helpers/databases.js';
import { startRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { problemOf, startTestApi } from './harness.js';

/** In the order in which they run. */
const migrations = readdirSync(new URL('../../../migrations', import.meta.url)).sort();

describe('health', () => {
  it('is ready when the database and Redis answer and the migrations are applied', async () => {
    const api = await startTestApi({ dialect: 'postgres' });
    try {
      const response = await fetch(`${api.url}/readyz`);
      expect(await response.json()).to.deep.equal({ status: 'ok', database: 'ok', migrations: 'ok', redis: 'ok' });
      expect(response.status).to.equal(200);
    } finally {
      await api.close();
    }
  });

  for (const dialect of ['postgres', 'sqlite'] as const) {
    it(`names the migrations that are missing, and does not write while asking, on ${dialect}`, async () => {
      const api = await startTestApi({ dialect, migrated: false });
      try {
        const response = await fetch(`${api.url}/readyz`);
        expect(response.status).to.equal(503);
        expect(response.headers.get('retry-after')).to.equal('5');
        expect(await response.json()).to.deep.include({
          status: 'not ready',
          database: 'ok',
          migrations: `missing ${migrations.join(', ')}: run \`botledger migrate\``,
        });
        expect(await api.database.sequelize.getQueryInterface().showAllTables()).to.deep.equal([]);
      } finally {
        await api.close();
      }
    });
  }

  it('starts without Redis, says that it is away, and comes back by itself', async () => {
    const redis = await startRedis();
    await redis.kill();
    const api = await startTestApi({ redisUrl: redis.url });
    try {
      const away = await fetch(`${api.url}/readyz`);
      expect(away.status).to.equal(503);
      expect(await away.json()).to.include({ database: 'ok', redis: 'away' });
      expect((await fetch(`${api.url}/healthz`)).status).to.equal(200);
      expect((await api.get('/v1/users/count')).status, 'what needs no Redis').to.equal(200);
      const operation = await api.get('/v1/bots/spin_bot/operations/upd-1');
      expect(operation.headers.get('retry-after')).to.equal('5');
      expect(await problemOf(operation)).to.include({ status: 503 });

      await redis.start();
      await until(async () => (await fetch(`${api.url}/readyz`)).ok);
      expect((await api.get('/v1/bots/spin_bot/operations/upd-1')).status).to.equal(404);
    } finally {
      await api.close();
      await redis.close();
    }
  });

  it('does not wait for a Redis that hangs', async () => {
    const redis = await startRedis();
    const api = await startTestApi({ redisUrl: redis.url });
    try {
      await until(async () => (await fetch(`${api.url}/readyz`)).ok);
      redis.pause();
      const start = performance.now();
      const response = await fetch(`${api.url}/readyz`);
      expect(performance.now() - start).to.be.below(2_500);
      expect(await response.json()).to.include({ redis: 'away' });
    } finally {
      redis.resume();
      await api.close();
      await redis.close();
    }
  });

  it('answers 503 while the database is away, without a word about why', async () => {
    const postgres = await sharedPostgres();
    const api = await startTestApi({ dialect: 'postgres' });
    try {
      expect((await api.get('/v1/users/count')).status).to.equal(200);
      await postgres.stop('immediate');
      try {
        for (const path of ['/v1/users/1', '/v1/leaderboard', '/v1/bots/spin_bot/users/1/session']) {
          const response = await api.get(path);
          expect(response.headers.get('retry-after')).to.equal('5');
          expect(await problemOf(response)).to.include({
            status: 503,
            detail: 'The database or Redis is not available: try again soon',
          });
        }
        const ready = await fetch(`${api.url}/readyz`);
        expect(await ready.json()).to.include({ database: 'away', migrations: 'unknown', redis: 'ok' });
      } finally {
        await postgres.start();
      }
      await until(async () => (await api.get('/v1/users/count')).ok);
    } finally {
      await api.close();
    }
  });

  it('does not wait for a database that hangs', async () => {
    const postgres = await sharedPostgres();
    const api = await startTestApi({ dialect: 'postgres' });
    try {
      await postgres.pause();
      const start = performance.now();
      const response = await fetch(`${api.url}/readyz`);
      expect(performance.now() - start).to.be.below(2_500);
      expect(await response.json()).to.include({ database: 'away' });
    } finally {
      postgres.resume();
      await until(async () => (await api.get('/v1/users/count')).ok);
      await api.close();
    }
  });
});
