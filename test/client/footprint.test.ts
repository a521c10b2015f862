import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freshRedisUrl, startRedis } from '../helpers/redis.js';

/** All that a bot needs besides this package; neither Sequelize nor a driver nor Express. */
const NEEDED = ['bullmq', 'ioredis', 'safe-stable-stringify', 'ulid', 'zod'];

const compiled = fileURLToPath(new URL('../../src', import.meta.url));

/** Lets a program say when something holds it open for long. */
const prelude = `
  const noteLinger = (start = performance.now()) =>
    process.on('exit', () => {
      if (performance.now() - start > 5_000) console.log('something was left open');
    });
`;

/** Runs a program beside the compiled SDK, where no other packages are installed than these. */
async function run(directory: string, program: string, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', prelude + program], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code, signal] = await once(child, 'close');
  return { ended: code ?? signal, output: output.trim() };
}

describe('A bot that imports the SDK', () => {
  let directory: string;

  before(() => {
    // Links are resolved by now: what stands beside the copy is all that it finds.
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'botledger-sdk-')));
    cpSync(compiled, join(directory, 'src'), { recursive: true });
    cpSync(join(compiled, '../../package.json'), join(directory, 'package.json'));
    mkdirSync(join(directory, 'node_modules'));
    const require = createRequire(import.meta.url);
    for (const name of NEEDED) {
      const [root] = /^.*[\\/]node_modules[\\/][^\\/]+/.exec(require.resolve(name)) ?? [dirname(name)];
      symlinkSync(root, join(directory, 'node_modules', name));
    }
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('needs neither Sequelize nor a driver nor Express to be installed', async () => {
    const program = `
      const sdk = await import('./src/index.js');
      console.log(Object.keys(sdk).sort().join());
    `;
    expect(await run(directory, program)).to.deep.equal({
      ended: 0,
      output:
        'ApiError,BotLedger,BotLedgerError,IdempotencyConflictError,OperationFailedError,QueueUnavailableError,' +
        'ResultTimeoutError,SignatureError,SpoolError,UserDeletedError,ValidationError',
    });
  });

  it('needs no more for the adapters: grammY and Telegraf come with the bot', async () => {
    const program = `
      const names = ['./src/grammy.js', './src/telegraf.js'].map(async (file) => Object.keys(await import(file)).sort());
      console.log((await Promise.all(names)).join(' '));
    `;
    const output = 'bySender,storage,withLedger store,withLedger';
    expect(await run(directory, program)).to.deep.equal({ ended: 0, output });
  });

  it('would notice: a module of the database cannot be imported there', async () => {
    const { ended, output } = await run(directory, "await import('./src/database.js');");
    expect(ended).to.equal(1);
    expect(output).to.match(/Cannot find package '(async-mutex|pg|sequelize)/);
  });

  it('exits by itself after close(), having sent and waited for a result', async () => {
    const program = `
      const { BotLedger, ResultTimeoutError } = await import('./src/index.js');
      const ledger = new BotLedger({ bot: 'spin_bot' });
      await ledger.onEvent('*', () => undefined);
      const receipt = await ledger.addXp(1, { xp: 1 });
      await receipt.result({ timeoutMs: 100 }).catch((error) => console.log(error.name));
      const waiting = receipt.result({ timeoutMs: 60_000 }).catch((error) => console.log(error.name));
      await ledger.close();
      await waiting;
      noteLinger();
    `;
    const { ended, output } = await run(directory, program, { REDIS_URL: await freshRedisUrl() });
    expect({ ended, output }).to.deep.equal({ ended: 0, output: 'ResultTimeoutError\nResultTimeoutError' });
  });

  const nowhere = ['redis://127.0.0.1:1', 'redis+sentinel://127.0.0.1:1/main', 'redis+cluster://127.0.0.1:1'];
  for (const REDIS_URL of nowhere) {
    it(`exits by itself after close(), also when it never reached ${REDIS_URL}`, async () => {
      const program = `
      const { BotLedger } = await import('./src/index.js');
      const [idle, ledger] = [new BotLedger({ bot: 'idle' }), new BotLedger({ bot: 'spin_bot' })];
      const listening = ledger.onEvent('*', () => undefined);
      await ledger.addXp(1, { xp: 1 }).catch((error) => console.log(error.name));
      await Promise.all([idle.close(), ledger.close(), listening]);
      noteLinger();
    `;
      const { ended, output } = await run(directory, program, { REDIS_URL });
      expect({ ended, output }).to.deep.equal({ ended: 0, output: 'QueueUnavailableError' });
    });
  }

  it('is not ended by Redis going away, whatever it waits for', async () => {
    const redis = await startRedis();
    const program = `
      const { BotLedger } = await import('./src/index.js');
      const ledger = new BotLedger({ bot: 'spin_bot' });
      await ledger.onEvent('*', () => undefined);
      const receipts = await Promise.all([1, 2, 3].map((user) => ledger.addXp(user, { xp: 1 })));
      await receipts[0].result({ timeoutMs: 100 }).catch(() => undefined);
      process.kill(${redis.pid}, 'SIGKILL');
      const names = receipts.map((receipt) => receipt.result({ timeoutMs: 500 }).catch((error) => error.name));
      console.log((await Promise.all(names)).join());
      await ledger.close();
      noteLinger();
    `;
    const { ended, output } = await run(directory, program, { REDIS_URL: redis.url });
    await redis.close();
    const expected = 'ResultTimeoutError,ResultTimeoutError,ResultTimeoutError';
    expect({ ended, output }).to.deep.equal({ ended: 0, output: expected });
  });
});
