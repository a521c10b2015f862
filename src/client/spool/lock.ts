import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SpoolError } from '../../errors.js';

/** Who holds a directory. */
interface Holder {
  host: string;
  pid: number;
  /** Tells it from another process that has the same id later. */
  born: string;
}

/** How often a holder shows that it is alive to processes of other hosts, which cannot look. */
const SIGN_OF_LIFE_MS = 2_000;

/** Five signs of life that did not come. */
const SILENCE_MS = 10_000;

/**
 * Takes a directory for this process alone. A lock of the system would be released however its holder dies, but Node
 * has none, and the SDK loads no native module: hence a file with a process id, which is believed while that process
 * lives. The file of a process that died is taken over.
 *
 * @param directory exists
 * @returns what releases it
 * @throws SpoolError naming who holds it
 */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, 'lock');
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, born: birthOf(process.pid) } satisfies Holder);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    removeDead(file, draft);
    // Unlike a write, it appears with its content and only where there is none.
    linkSync(draft, file);
  } catch (error) {
    if (!['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new SpoolError(`${directory} is being taken by another process: give each process a directory of its own`);
  } finally {
    rmSync(draft, { force: true });
  }
  const signOfLife = setInterval(() => touch(file), SIGN_OF_LIFE_MS).unref();
  return () => {
    clearInterval(signOfLife);
    if (read(file) === mine) rmSync(file, { force: true });
  };
}

/** @throws SpoolError when the holder lives */
function removeDead(file: string, draft: string): void {
  const text = read(file);
  if (text === undefined) return;
  const { host, pid, born } = parse(text);
  const here = host === hostname();
  if (here ? birthOf(pid) === born : Date.now() - statSync(file).mtimeMs < SILENCE_MS) {
    const again = here ? '' : `; if that one is gone, start again in ${SILENCE_MS / 1_000} seconds`;
    const who = here ? `process ${pid}` : `process ${pid} on ${host}`;
    throw new SpoolError(`${file} is held by ${who}: give each process a directory of its own${again}`);
  }
  // Two may find it dead: the second would remove what the first put there, and gives it back.
  const aside = `${draft}.dead`;
  renameSync(file, aside);
  try {
    if (read(aside) !== text) linkSync(aside, file);
  } finally {
    rmSync(aside);
  }
}

/** When a process began, as far as the system tells; `dead` when there is none of this id. */
function birthOf(pid: number): string {
  if (process.platform === 'linux') {
    const boot = read('/proc/sys/kernel/random/boot_id') ?? '';
    // The fields after the name, which may contain anything; the start is the 22nd of proc(5).
    const fields = read(`/proc/${pid}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ');
    return fields ? `${boot.trim()} ${fields[19]}` : 'dead';
  }
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'unknown' : 'dead';
  }
}

function parse(text: string): Holder {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { host: 'unknown', pid: 0, born: '' };
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // The directory was removed under us: the next write says so to whom it concerns.
  }
}
