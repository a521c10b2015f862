import { expect } from 'chai';
import { readConfig } from '../../src/config.js';
import { hasDigest, hasHash, readHash } from '../../src/secrets.js';
import { startProcess } from '../helpers/processes.js';

async function run(...args: string[]) {
  const process = startProcess('src/cli/main.js', { args });
  return { code: await process.exited, output: process.output() };
}

const urls = { DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1', NODE_ENV: 'production' };

/** The secret, and the setting as it would stand in .env. */
function read(output: string): { secret: string; settings: Record<string, string> } {
  const [, secret = ''] = /shown this once:\n(.+)\n/.exec(output) ?? [];
  const [, name = '', value = ''] = /^([A-Z_]+)=(.+)$/m.exec(output) ?? [];
  expect(value).not.to.include(secret);
  return { secret, settings: { [name]: value } };
}

describe('botledger token and password', () => {
  it('show a token of a bot, and the setting that knows it', async () => {
    const { code, output } = await run('token', 'spin_bot');
    expect(code).to.equal(0);
    const { secret, settings } = read(output);
    const [token] = readConfig({ ...urls, ...settings }, { serves: false }).apiTokens;
    expect(token?.bot).to.equal('spin_bot');
    expect(hasDigest(secret, token?.digest as Buffer)).to.equal(true);
    expect(hasDigest(`${secret}x`, token?.digest as Buffer)).to.equal(false);
  });

  it('show a token for the metrics', async () => {
    const { secret, settings } = read((await run('token')).output);
    const { metricsToken } = readConfig({ ...urls, ...settings }, { serves: false });
    expect(hasDigest(secret, metricsToken as Buffer)).to.equal(true);
  });

  it('refuse a name that is none of a bot', async () => {
    const { code, output } = await run('token', 'spin bot');
    expect(code).to.equal(1);
    expect(output)
      .to.include('expected 1 to 64 letters')
      .and.not.match(/^\s+at /m);
  });

  it('show a password, and the setting that knows it', async () => {
    const { secret, settings } = read((await run('password')).output);
    const { admin } = readConfig({ ...urls, ADMIN_USER: 'ops', ...settings }, { serves: false });
    const kept = readHash(admin.password);
    if (!kept) throw new Error('expected a hash');
    expect(await hasHash(secret, kept)).to.equal(true);
    expect(await hasHash(`${secret} `, kept)).to.equal(false);
  });
});
