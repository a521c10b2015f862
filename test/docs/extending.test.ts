import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { applyAdditions, codeBlocks } from './markdown.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const blocks = codeBlocks(readFileSync(join(root, 'docs/extending.md'), 'utf8'));

describe('docs/extending.md', function () {
  this.timeout(120_000);
  let copy: string;

  before(async () => {
    copy = mkdtempSync(join(tmpdir(), 'botledger-extending-'));
    for (const part of ['src', 'migrations', 'package.json', 'tsconfig.json']) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const block of blocks) {
      const file = join(copy, block.file);
      mkdirSync(dirname(file), { recursive: true });
      const isNew = block.language !== 'diff';
      writeFileSync(file, isNew ? `${block.lines.join('\n')}\n` : applyAdditions(readFileSync(file, 'utf8'), block));
    }
    await tsc();
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  async function tsc(): Promise<void> {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [compiler, '--sourceMap', 'false'], { cwd: copy }).catch(({ stdout }) => {
      throw new Error(`the document's code does not compile:\n${stdout}`);
    });
  }

  async function node(...args: string[]): Promise<string[]> {
    return (await run(process.execPath, args, { cwd: copy })).stdout.trim().split('\n');
  }

  it('shows a column, an operation and a table in the few lines that they take', () => {
    const changed = blocks.filter(({ language }) => language === 'diff');
    const added = changed.flatMap(({ lines }) => lines).filter((line) => line.startsWith('+'));
    expect(blocks.length - changed.length, 'new files').to.be.at.most(6);
    expect(added.length, 'lines added to files that are there').to.be.at.most(24);
  });

  it('leads to operations that commit, exactly once, into the new column and the new table', async () => {
    expect((await node('try.mjs')).map((line) => JSON.parse(line))).to.deep.equal([
      [{ changed: true }],
      [{ tries: 1, solved: false }],
      [{ tries: 2, solved: true }],
      [{ tries: 2, solved: true }],
      [{ telegram_id: 123456, language: 'ru', question: 'capital', tries: 2, solved: 1 }],
    ]);
  });

  it('gives the SDK a method for each new operation', async () => {
    const script = `
      import { BotLedger } from 'botledger';
      for (const name of ['setLanguage', 'answerQuestion']) console.log(typeof BotLedger.prototype[name]);`;
    expect(await node('--input-type=module', '-e', script)).to.deep.equal(['function', 'function']);
  });

  it('has migrations that go down as well', async () => {
    const script = `
      import { Database } from './dist/src/database.js';
      const database = new Database({ url: 'sqlite:./down.sqlite' });
      await database.migrate();
      const undone = await database.migrations().down({ step: 2 });
      console.log(undone.map(({ name }) => name).join());
      console.log((await database.migrate()).length);
      await database.close();`;
    expect(await node('--input-type=module', '-e', script)).to.deep.equal([
      '0101-quiz-answers.cjs,0100-user-language.cjs',
      '2',
    ]);
  });
});
