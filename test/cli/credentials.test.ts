import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { keepCredentials } from '../../src/cli/credentials.js';
import { readConfig } from '../../src/config.js';
import { workingDirectory } from './working-directory.js';

const config = (env: Record<string, string> = {}) =>
  readConfig({ DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1', ...env });

describe('made-up credentials', () => {
  it('are the same at the next start, and readable by their owner only', () => {
    const file = join(workingDirectory(), 'credentials.json');
    const first = keepCredentials(config(), file);
    const second = keepCredentials(config(), file);

    expect(second.admin).to.deep.equal(first.admin);
    expect(second.apiTokens).to.deep.equal(first.apiTokens);
    expect(statSync(file).mode & 0o077).to.equal(0);
  });

  it('give way to those that are set, which are not written down', () => {
    const file = join(workingDirectory(), 'credentials.json');
    const admin = { ADMIN_USER: 'ops', ADMIN_PASSWORD: 'set-by-a-person' };
    const kept = keepCredentials(config(admin), file);

    expect(kept.admin).to.deep.equal({ user: 'ops', password: 'set-by-a-person' });
    expect(keepCredentials(config(), file).admin.password).not.to.equal('set-by-a-person');
    expect(keepCredentials(config(admin), file).generated).to.deep.equal(kept.generated);
    expect(kept.generated).to.include({ adminPassword: undefined }).and.not.include({ apiToken: undefined });
  });

  it('are never used in production', () => {
    const file = join(workingDirectory(), 'credentials.json');
    const settings = {
      NODE_ENV: 'production',
      API_TOKENS: 'spin_bot:a-long-random-token',
      ADMIN_USER: 'ops',
      ADMIN_PASSWORD: 'a-long-random-password',
    };
    keepCredentials(config(settings), file);
    expect(statSync(file, { throwIfNoEntry: false })).to.equal(undefined);
  });
});
