import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { startProcess } from '../helpers/processes.js';
import { workingDirectory } from './working-directory.js';

const CLI = 'src/cli/main.js';

async function run(args: string[], environment: Record<string, string>, cwd = workingDirectory()) {
  const process = startProcess(CLI, { args, environment, cwd });
  return { code: await process.exited, output: process.output() };
}

describe('botledger with wrong settings', () => {
  it('lists every problem with its remedy and exits 2, without a stack trace', async () => {
    const { code, output } = await run(['start'], {
      DATABASE_URL: 'mysql://localhost/bots',
      REDIS_URL: 'localhost:6379',
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      API_TOKENS: 'spin_bot',
      ADMIN_USER: 'admin',
    });

    expect(code).to.equal(2);
    expect(output).to.contain('6 settings are wrong');
    for (const problem of [
      'DATABASE_URL must be postgres://',
      'REDIS_URL must be redis://',
      'PORT must be a whole number',
      'LOG_LEVEL must be one of',
      'API_TOKENS must be bot:token pairs',
      'ADMIN_USER and ADMIN_PASSWORD must both be set',
    ]) {
      expect(output).to.contain(problem);
    }
    expect(output).not.to.match(/^\s+at /m);
  });

  for (const part of ['api', 'commit', 'schedule']) {
    it(`${part} says what is missing, where start has a default`, async () => {
      const { code, output } = await run([part], {});
      expect(code).to.equal(2);
      expect(output).to.contain('DATABASE_URL is missing').and.contain('REDIS_URL is missing');
    });
  }

  it('start asks for every secret in production', async () => {
    const { code, output } = await run(['start'], { NODE_ENV: 'production' });
    expect(code).to.equal(2);
    expect(output).to.contain('API_TOKENS is missing').and.contain('ADMIN_USER and ADMIN_PASSWORD must both be set');
  });

  it('reads .env, but what is set outside of it wins', async () => {
    const directory = workingDirectory();
    writeFileSync(join(directory, '.env'), 'PORT=from-file\nLOG_LEVEL=from-file\n');
    const { output } = await run(['start'], { LOG_LEVEL: 'info' }, directory);
    expect(output).to.contain('PORT must be').and.not.contain('LOG_LEVEL must be');
  });

  it('start names the choices when there is no Redis server to start', async () => {
    const { code, output } = await run(['start'], { PATH: '/nowhere' });
    expect(code).to.equal(1);
    expect(output).to.contain('Install one').and.contain('REDIS_URL').and.contain('docker compose up');
    expect(output).not.to.match(/^\s+at /m);
  });

  it('knows no other commands and says so', async () => {
    const { code, output } = await run(['strat'], {});
    expect(code).to.equal(1);
    expect(output).to.contain("unknown command 'strat'").and.contain('start');
  });
});

describe('botledger migrate', () => {
  it('needs the database only, and does nothing the second time', async () => {
    const directory = workingDirectory();
    const environment = { DATABASE_URL: 'sqlite:./bots.sqlite', NODE_ENV: 'production' };

    const first = await run(['migrate'], environment, directory);
    expect(first).to.deep.include({ code: 0 });
    expect(first.output).to.contain('Migrated: 0001-');

    const second = await run(['migrate'], environment, directory);
    expect(second).to.deep.include({ code: 0 });
    expect(second.output).to.contain('up to date');
  });

  it('exits 1 and names the database when it is away', async () => {
    const { code, output } = await run(['migrate'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect(code).to.equal(1);
    expect(output)
      .to.contain('127.0.0.1:1')
      .and.not.match(/^\s+at /m);
  });
});
