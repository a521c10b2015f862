import { expect } from 'chai';
import { Cluster, type Redis } from 'ioredis';
import { checkRedisUrl, openProducerRedis, type RedisClient } from '../src/redis.js';

/** What a connection to an address would use; it is never made. */
function open<R extends RedisClient>(url: string): R {
  const redis = openProducerRedis(url) as R;
  redis.disconnect();
  return redis;
}

describe('The address of Redis', () => {
  for (const url of [
    'redis://127.0.0.1',
    'redis://:secret@host:6379/3',
    'rediss://user:secret@host:6380',
    'redis+sentinel://h1:26379,h2:26379/main',
    'redis+sentinel://user:se%2Fcret@h1,h2/main?db=3&sentinelPassword=other',
    'rediss+sentinel://h1/main',
    'redis+cluster://h1:7000,h2:7001',
    'redis+cluster://h1:7000/',
    'rediss+cluster://user:secret@h1:7000',
    'redis+cluster://[::1]:7000,10.0.0.2:7000',
  ]) {
    it(`may be ${url}`, () => {
      expect(checkRedisUrl(url)).to.equal(url);
    });
  }

  for (const url of [
    'localhost:6379',
    'http://host',
    'redis+sentinel://h1:26379',
    'redis+sentinel://h1:26379/main?database=3',
    'redis+sentinel://h1:26379/main?db=one',
    'redis+sentinel://:secret@/main',
    'redis+cluster://',
    'redis+cluster://h1:7000,',
    'redis+cluster://h1:seven',
    'redis+cluster://h1:7000/0',
    'redis+cluster://h1:7000?db=1',
    'redis+ring://h1:7000',
  ]) {
    it(`may not be ${url}, and the remedy does not repeat it`, () => {
      expect(() => checkRedisUrl(url))
        .to.throw(/^must be redis:\/\/host:6379, .*redis\+sentinel:.*redis\+cluster:.* for TLS$/)
        .with.property('message')
        .that.does.not.contain('secret');
    });
  }

  it('names the nodes of a cluster, and what all of them want to see', () => {
    const redis = open<Cluster>('rediss+cluster://user:se%2Fc:ret@h1:7000,[::1],h2');
    expect(redis).to.be.instanceOf(Cluster);
    expect(Reflect.get(redis, 'startupNodes')).to.deep.equal([
      { host: 'h1', port: 7_000 },
      { host: '::1', port: 6_379 },
      { host: 'h2', port: 6_379 },
    ]);
    expect(redis.options.redisOptions).to.deep.include({ username: 'user', password: 'se/c:ret', tls: {} });
  });

  it('names the Sentinels, the master, and what each of them wants to see', () => {
    const { options } = open<Redis>('rediss+sentinel://:secret@h1,h2:1/ma%20in?db=3&sentinelPassword=other');
    expect(options.sentinels).to.deep.equal([
      { host: 'h1', port: 26_379 },
      { host: 'h2', port: 1 },
    ]);
    expect(options).to.include({ name: 'ma in', db: 3, password: 'secret', sentinelPassword: 'other' });
    expect(options).to.deep.include({ tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true });
  });
});
