import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { HeldUnit } from '../../../src/client/spool/lines.js';
import { SEGMENT_BYTES, Spool } from '../../../src/client/spool/spool.js';
import { SpoolError } from '../../../src/errors.js';
import { rejection } from '../../helpers/rejection.js';

const MAX_BYTES = 1024 * 1024;

const held = (number: number, bytes = 10): HeldUnit => ({
  unit: { bot: 'spin_bot', key: `upd-${number}`, at: 1, operations: [{ name: 'x', text: 'x'.repeat(bytes) }] },
  keyed: true,
});

describe('The spool', () => {
  let parent: string;
  let directory: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'botledger-spool-'));
    directory = join(parent, 'deep', 'spool');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  /** Reads and removes all that is in it. */
  async function empty(spool: Spool): Promise<string[]> {
    const keys: string[] = [];
    for (let oldest = await spool.oldest(); oldest; oldest = await spool.oldest()) {
      keys.push(...oldest.units.map(({ unit }) => unit.key));
      await spool.removeOldest();
    }
    return keys;
  }

  const files = () => readdirSync(directory).filter((name) => name !== 'lock');

  it('gives back what was appended, in order, over many files, also to the next process', async () => {
    const spool = new Spool(directory, MAX_BYTES);
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    await Promise.all(numbers.map((number) => spool.append([held(number, 20_000)])));
    expect(spool).to.include({ units: 40, files: Math.ceil(40 / Math.floor(SEGMENT_BYTES / 20_200)) });
    await spool.close();

    const next = new Spool(directory, MAX_BYTES);
    await next.append([held(40), held(41)]);
    expect(next.units).to.equal(42);
    expect(await empty(next)).to.deep.equal([...numbers, 40, 41].map((number) => `upd-${number}`));
    expect(next).to.include({ units: 0, files: 0 });
    expect(files()).to.deep.equal([]);
    await next.close();
  });

  it('is readable by nobody else', async () => {
    const spool = new Spool(directory, MAX_BYTES);
    await spool.append([held(1)]);
    expect(statSync(directory).mode & 0o777).to.equal(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).to.equal(0o600);
    await spool.close();
  });

  it('takes no more than it may, and more when something was removed', async () => {
    const spool = new Spool(directory, 1_000);
    await spool.append([held(1, 500)]);
    const error = await rejection(spool.append([held(2, 500)]));
    expect(error).to.be.instanceOf(SpoolError);
    expect(error.message).to.match(/spool is full: it holds \d{3} of 1000 bytes \(spoolMaxBytes\)$/);
    expect(await empty(spool)).to.deep.equal(['upd-1']);
    await spool.append([held(2, 500)]);
    expect(await empty(spool)).to.deep.equal(['upd-2']);
    await spool.close();
  });

  it('drops a torn last line, so that what is appended later does not stand behind it', async () => {
    const spool = new Spool(directory, MAX_BYTES);
    await spool.append([held(1)]);
    await spool.close();
    const file = join(directory, files()[0] as string);
    const whole = readFileSync(file);
    appendFileSync(file, whole.subarray(0, 30));

    const next = new Spool(directory, MAX_BYTES);
    expect(readFileSync(file)).to.deep.equal(whole);
    await next.append([held(2)]);
    expect(await empty(next)).to.deep.equal(['upd-1', 'upd-2']);
    await next.close();
  });

  it('does not open when a file in it is damaged, says which, and leaves everything as it is', async () => {
    const spool = new Spool(directory, MAX_BYTES);
    await spool.append([held(1)]);
    await spool.append([held(2)]);
    await spool.close();
    const [name = ''] = files();
    const content = readFileSync(join(directory, name));
    content[60] = (content[60] as number) ^ 1;
    writeFileSync(join(directory, name), content);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => new Spool(directory, MAX_BYTES)).to.throw(SpoolError, `${name} is damaged at line 1, byte 0`);
    }
    expect(readdirSync(directory)).to.deep.equal([name]);
    expect(readFileSync(join(directory, name))).to.deep.equal(content);
  });

  it('belongs to one at a time: another is told which process has it', async () => {
    const spool = new Spool(directory, MAX_BYTES);
    expect(() => new Spool(directory, MAX_BYTES)).to.throw(
      SpoolError,
      `lock is held by process ${process.pid}: give each`,
    );
    await spool.close();
    await new Spool(directory, MAX_BYTES).close();
  });

  it('is taken over from a process that died, at once', async () => {
    const child = spawn(process.execPath, ['--eval', '']);
    await once(child, 'exit');
    await new Spool(directory, MAX_BYTES).close();
    const lock = { host: hostname(), pid: child.pid, born: 'some time ago' };
    writeFileSync(join(directory, 'lock'), JSON.stringify(lock));
    await new Spool(directory, MAX_BYTES).close();
    // Its id is another process's now.
    writeFileSync(join(directory, 'lock'), JSON.stringify({ ...lock, pid: process.ppid }));
    await new Spool(directory, MAX_BYTES).close();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('is taken over from another host when that gave no sign of life for ten seconds', async () => {
    await new Spool(directory, MAX_BYTES).close();
    const lock = join(directory, 'lock');
    writeFileSync(lock, JSON.stringify({ host: 'elsewhere', pid: 7, born: '' }));
    expect(() => new Spool(directory, MAX_BYTES)).to.throw(SpoolError, /process 7 on elsewhere.*in 10 seconds$/);
    const longAgo = new Date(Date.now() - 11_000);
    utimesSync(lock, longAgo, longAgo);
    await new Spool(directory, MAX_BYTES).close();
  });
});
