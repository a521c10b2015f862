import { once } from 'node:events';
import { expect } from 'chai';
import { findRedisProblems } from '../../src/cli/redis-checks.js';
import { freePort } from '../../src/embedded/port.js';
import { openProducerRedis } from '../../src/redis.js';
import { freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { startRedis } from '../helpers/redis.js';

const PASSWORD = 'secret-of-the-database';

describe('A part that starts', () => {
  let part: Process;
  afterEach(() => part.close());

  const start = (name: string, environment: Record<string, string>) => {
    part = startProcess(`workers/${name}.js`, { environment: { LOG_LEVEL: 'info', ...environment } });
    return part;
  };

  it('without Redis and without its database says what is missing, one line each, and exits 1 when told not to wait', async () => {
    const [redisPort, databasePort] = [await freePort(), await freePort()];
    const { exited, output } = start('commit', {
      DATABASE_URL: `postgres://bots:${PASSWORD}@127.0.0.1:${databasePort}/bots`,
      REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${redisPort}`,
      STARTUP_WAIT_SECONDS: '0',
    });
    expect(await exited).to.equal(1);
    const remedy = 'nobody listens there: check the address, and that it runs';
    for (const missing of [
      `Redis at 127.0.0.1:${redisPort} (REDIS_URL) is not there`,
      `the database at 127.0.0.1:${databasePort}/bots (DATABASE_URL) is not there`,
    ]) {
      const line = output()
        .split('\n')
        .find((candidate) => candidate.includes(missing));
      expect(line).to.contain(remedy);
    }
    expect(output()).not.to.contain(PASSWORD);
    expect(output()).not.to.match(/^\s+at /m);
  });

  it('before Redis waits, says so, and goes on by itself', async () => {
    const redis = await startRedis();
    await redis.stop();
    const fresh = await freshDatabase('sqlite');
    start('commit', { DATABASE_URL: fresh.url, REDIS_URL: redis.url });
    await part.says(/"missing":\["Redis at [^"]*"\],.*"msg":"waiting"/);
    await redis.start();
    await part.says('commit worker is ready');
    await part.close();
    await fresh.close();
    await redis.close();
  });

  it('on a Redis that wants another password says so', async () => {
    const redis = await startRedis({ user: 'bots on >right ~* &* +@all' });
    const { exited, output } = start('schedule', {
      DATABASE_URL: 'sqlite:./unused.sqlite',
      REDIS_URL: redis.url.replace('//', `//bots:${PASSWORD}@`),
      STARTUP_WAIT_SECONDS: '0',
    });
    expect(await exited).to.equal(1);
    expect(output()).to.contain('it does not know this user or password: check REDIS_URL').and.not.contain(PASSWORD);
    await redis.close();
  });
});

describe('A Redis that may lose jobs', () => {
  const settings = { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' };

  async function output(
    redisSettings: Record<string, string>,
    environment: Record<string, string>,
    until: string | RegExp,
  ) {
    const redis = await startRedis(redisSettings);
    const fresh = await freshDatabase('sqlite');
    const part = startProcess('workers/commit.js', {
      environment: { DATABASE_URL: fresh.url, REDIS_URL: redis.url, ...environment },
    });
    await part.says(until);
    const code = /is ready/.test(part.output()) ? undefined : await part.exited;
    await part.close();
    await fresh.close();
    await redis.close();
    return { text: part.output(), code };
  }

  it('is refused in production, with all remedies at once', async () => {
    const { text, code } = await output(settings, { NODE_ENV: 'production' }, 'REDIS_CHECKS=warn');
    expect(code).to.equal(1);
    expect(text)
      .to.contain('evicts jobs (allkeys-lru): set maxmemory-policy noeviction')
      .and.contain('loses jobs when it restarts: set appendonly yes');
    expect(text).not.to.match(/^\s+at /m);
  });

  it('is warned of once in development, and where the setting says so', async () => {
    const { text } = await output(settings, { NODE_ENV: 'production', REDIS_CHECKS: 'warn' }, 'commit worker is ready');
    expect(text.match(/evicts jobs/g)).to.have.lengthOf(1);
  });

  it('is not held against a user who may not read INFO', async () => {
    const redis = await startRedis({ ...settings, user: 'bots on >pass ~* &* +@all -info' });
    const client = openProducerRedis(redis.url.replace('//', '//bots:pass@'));
    await once(client, 'ready');
    expect(await findRedisProblems(client)).to.deep.equal([]);
    client.disconnect();
    await redis.close();
  });
});
