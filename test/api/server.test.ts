import { Agent, get } from 'node:http';
import { expect } from 'chai';
import { ConfigError } from '../../src/errors.js';
import { startRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';
import { startTestApi } from './harness.js';

describe('the API server', () => {
  it('closes at once although clients keep their connections alive', async () => {
    const api = await startTestApi();
    const agent = new Agent({ keepAlive: true });
    expect(await statusOf(`${api.url}/healthz`, agent)).to.equal(200);
    expect(Object.keys(agent.freeSockets)).to.have.length(1);

    const start = performance.now();
    await api.close();
    expect(performance.now() - start).to.be.below(1_000);
    agent.destroy();
  });

  it('answers the requests under way before it closes, and then does not linger', async () => {
    const redis = await startRedis();
    const api = await startTestApi({ redisUrl: redis.url });
    const agent = new Agent({ keepAlive: true });
    redis.pause();
    const underWay = statusOf(`${api.url}/readyz`, agent);
    await until(() => Object.keys(agent.sockets).length === 1);
    await until(async () => (await statusOf(`${api.url}/healthz`)) === 200);

    const start = performance.now();
    const closed = api.close();
    expect(await underWay).to.equal(503);
    redis.resume();
    await closed;
    expect(performance.now() - start).to.be.below(2_500);
    agent.destroy();
    await redis.close();
  });

  it('says which setting to change when its port is taken, and leaves nothing open', async () => {
    const first = await startTestApi();
    try {
      const error = await rejection(startTestApi({ env: { PORT: new URL(first.url).port } }));
      expect(error).to.be.instanceOf(ConfigError);
      expect(error.message).to.match(
        /PORT \d+ on HOST 127\.0\.0\.1: .*EADDRINUSE.*; set another, or stop what is there/,
      );
    } finally {
      await first.close();
    }
  });
});

function statusOf(url: string, agent?: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, agent ? { agent } : {}, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}
