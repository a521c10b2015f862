import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { type Process, startProcess } from '../helpers/processes.js';
import { startRedis } from '../helpers/redis.js';
import { codeBlocks } from './markdown.js';
import { root, runFile, withFile } from './programs.js';

/** The only program of a document, in a file of its own while it is used. */
async function withProgram<T>(document: string, use: (file: string) => Promise<T>): Promise<T> {
  const [block] = codeBlocks(readFileSync(`${root}docs/${document}`, 'utf8'));
  return withFile(document.replace('.md', ''), block?.lines.join('\n') ?? '', use);
}

describe('docs/testing.md', () => {
  it('shows tests that pass', async () => {
    const output = await withProgram('testing.md', (file) => runFile(file, [], {}));
    expect(output).to.match(/pass 3\n.*fail 0\n/s);
  });
});

describe('docs/spool.md', () => {
  it('shows a bot that goes on while Redis is away, and sends what waits when it is back', async () => {
    const redis = await startRedis();
    await redis.stop();
    const cwd = mkdtempSync(join(tmpdir(), 'botledger-docs-'));
    const start = (file: string): Process =>
      startProcess(`test/docs/programs/${basename(file)}`, { environment: { REDIS_URL: redis.url }, cwd });
    await withProgram('spool.md', async (file) => {
      const bot = start(file);
      await bot.says('it is safe; 1 in the spool');
      await bot.says('1 units wait for Redis');
      await redis.start();
      await bot.says('0 units wait for Redis');
      await bot.close();
      await redis.stop();
      const again = start(file);
      await again.says('it is safe; 1 in the spool');
      await again.close();
    });
    rmSync(cwd, { recursive: true });
    await redis.close();
  });
});
