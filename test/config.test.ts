import { expect } from 'chai';
import { readConfig } from '../src/config.js';
import { digestOf, hashPassword, writeDigest, writeHash } from '../src/secrets.js';

const urls = { DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1' };

describe('The setting REMIND_DAYS', () => {
  const read = (value?: string) => readConfig({ ...urls, REMIND_DAYS: value }).remindDays;

  it('is 3 days and 1 day unless it says otherwise', () => {
    expect(read()).to.deep.equal([3, 1]);
    expect(read(' 7, 1 ')).to.deep.equal([7, 1]);
    expect(read('14')).to.deep.equal([14]);
  });

  for (const value of ['0', '-1', '1.5', 'soon', '3,,1', '3,3', '366', ',']) {
    it(`is refused as ${value}, with an example`, () => {
      expect(() => read(value)).to.throw('REMIND_DAYS must be different whole numbers from 1 to 365, e.g. 3,1');
    });
  }
});

describe('The settings of the metrics', () => {
  const read = (env: Record<string, string>) => readConfig({ ...urls, ...env }, { serves: false });

  it('are off, and open, unless they say otherwise', () => {
    expect(read({})).to.include({ metricsPort: 0, metricsToken: undefined });
    expect(read({ METRICS_PORT: '9100', METRICS_TOKEN: ' secret ' })).to.deep.include({
      metricsPort: 9_100,
      metricsToken: digestOf('secret'),
    });
    expect(read({ METRICS_TOKEN: writeDigest('secret') })).to.deep.include({ metricsToken: digestOf('secret') });
  });

  it('in production want a token, and a long one', () => {
    const production = { NODE_ENV: 'production', METRICS_PORT: '9100' };
    expect(() => read(production)).to.throw('METRICS_TOKEN is missing');
    expect(() => read({ ...production, METRICS_TOKEN: 'short' })).to.throw('METRICS_TOKEN must have at least 12');
    expect(read({ ...production, METRICS_TOKEN: 'long-enough-token' })).to.include({ metricsPort: 9_100 });
  });
});

describe('The settings for more than one machine', () => {
  const refused = (env: Record<string, string>) => expect(() => readConfig({ ...urls, ...env }));

  it('are one queue and no replicas unless they say otherwise', () => {
    expect(readConfig(urls)).to.deep.include({ queuePartitions: 1, databaseReplicaUrls: [] });
    const replicas = ['postgres://one/bots', 'postgres://two/bots'];
    const env = { DATABASE_URL: 'postgres://primary/bots', DATABASE_REPLICA_URLS: replicas.join(', ') };
    expect(readConfig({ ...urls, ...env }).databaseReplicaUrls).to.deep.equal(replicas);
  });

  it('are refused with a remedy', () => {
    refused({ QUEUE_PARTITIONS: '65' }).to.throw('QUEUE_PARTITIONS must be a whole number from 1 to 64');
    refused({ REDIS_URL: 'redis+cluster://' }).to.throw('REDIS_URL must be redis://host:6379, ');
    refused({ DATABASE_REPLICA_URLS: 'postgres://one/bots' }).to.throw('SQLite has no replicas');
    refused({ DATABASE_URL: 'postgres://primary/bots', DATABASE_REPLICA_URLS: 'one' }).to.throw(
      'DATABASE_REPLICA_URLS must be postgres://',
    );
  });
});

describe('The setting BOT_SECRETS', () => {
  const production = { ...urls, NODE_ENV: 'production' };
  const read = (value?: string) => readConfig({ ...production, BOT_SECRETS: value }, { serves: false }).botSecrets;

  it('gives each bot a secret, or two while one is being changed; without it units are not signed', () => {
    expect(read()).to.equal(undefined);
    expect(read('spin_bot:new-long-secret:1, quiz_bot:other-long-secret, spin_bot:old-long-secret-0')).to.deep.equal(
      new Map([
        ['spin_bot', ['new-long-secret:1', 'old-long-secret-0']],
        ['quiz_bot', ['other-long-secret']],
      ]),
    );
  });

  it('is refused with a remedy', () => {
    for (const value of ['spin_bot', 'spin bot:a-long-enough-secret', 'spin_bot:'])
      expect(() => read(value)).to.throw('BOT_SECRETS must be bot:secret pairs');
    expect(() => read('spin_bot:fifteen-letters')).to.throw('a secret shorter than 16 characters for spin_bot: use a');
    const secret = 'a-long-enough-secret';
    expect(() => read(`spin_bot:${secret},spin_bot:${secret}`)).to.throw('gives spin_bot the same secret twice');
    expect(() => read(`spin_bot:${secret},quiz_bot:${secret}`)).to.throw('gives quiz_bot the secret of spin_bot');
    expect(readConfig({ ...urls, BOT_SECRETS: 'spin_bot:short' }).botSecrets?.get('spin_bot')).to.deep.equal(['short']);
  });
});

describe('The secrets in the settings', () => {
  const production = { NODE_ENV: 'production', ADMIN_USER: 'ops', ADMIN_PASSWORD: 'a-long-random-password' };
  const tokens = (API_TOKENS: string, env = {}) => readConfig({ ...urls, ...env, API_TOKENS }).apiTokens;
  const refused = (env: Record<string, string>) => expect(() => readConfig({ ...urls, ...env }));

  it('hold tokens or their digests, and none is kept', () => {
    const digest = digestOf('a-long-random-token');
    expect(tokens('spin_bot:a-long-random-token')).to.deep.equal([{ bot: 'spin_bot', digest }]);
    expect(tokens(`spin_bot:${writeDigest('a-long-random-token')}`, production)).to.deep.equal([
      { bot: 'spin_bot', digest },
    ]);
    const config = readConfig({ ...urls, API_TOKENS: 'spin_bot:a-long-random-token', METRICS_TOKEN: 'another-token' });
    expect(JSON.stringify(config)).not.to.match(/a-long-random-token|another-token/);
  });

  it('may give a bot a second token while it changes from one to the other', () => {
    const bots = tokens(`spin_bot:old, spin_bot:${writeDigest('new')}`).map(({ bot }) => bot);
    expect(bots).to.deep.equal(['spin_bot', 'spin_bot']);
  });

  it('are refused with a remedy', () => {
    refused({ API_TOKENS: 'spin_bot:sha256:abc' }).to.throw('make one with `botledger token`');
    refused({ API_TOKENS: `spin_bot:one,quiz_bot:${writeDigest('one')}` }).to.throw('a token that another bot has');
    refused({ API_TOKENS: 'spin_bot:one,spin_bot:one' }).to.throw('a token that it has already');
    refused({ ...production, API_TOKENS: 'spin_bot:short' }).to.throw('shorter than 12 characters for spin_bot');
    refused({ METRICS_TOKEN: 'sha256:abc' }).to.throw('METRICS_TOKEN has a digest that is not');
    refused({ ADMIN_USER: 'ops', ADMIN_PASSWORD: 'scrypt:abc' }).to.throw('ADMIN_PASSWORD has a hash that is not');
    refused({ ...production, ADMIN_PASSWORD: 'short' }).to.throw('ADMIN_PASSWORD must have at least 12 characters');
    refused({ VIEWER_USER: 'guest' }).to.throw('VIEWER_USER and VIEWER_PASSWORD must both be set');
    refused({ VIEWER_USER: 'admin', VIEWER_PASSWORD: 'secret' }).to.throw('VIEWER_USER must be another name');
    refused({ BOARD_PAYLOADS: 'no' }).to.throw('BOARD_PAYLOADS must be shown or redacted');
  });

  it('hold a password or its hash, and a viewer only if they say so', async () => {
    const hashed = writeHash(await hashPassword('correct horse battery'));
    const { admin, viewer } = readConfig({ ...urls, ADMIN_USER: 'ops', ADMIN_PASSWORD: hashed });
    expect([admin, viewer]).to.deep.equal([{ user: 'ops', password: hashed }, undefined]);
  });

  it('redact what the board shows in production, unless they say otherwise', () => {
    const shown = (env: Record<string, string>) => readConfig({ ...urls, ...env }, { serves: false }).boardPayloads;
    expect([shown({}), shown({ NODE_ENV: 'production' })]).to.deep.equal(['shown', 'redacted']);
    expect(shown({ NODE_ENV: 'production', BOARD_PAYLOADS: 'shown' })).to.equal('shown');
  });
});
