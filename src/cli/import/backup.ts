import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** A copy of the file that nobody writes to any more. */
export interface Backup {
  path: string;
  /** When the file was written last: the copy does not tell. */
  writtenAt: Date;
  bytes: number;
}

const DAY_MS = 86_400_000;

/**
 * Copies a file to `<file>.backup` beside it, or `.backup-2` and so on: an older backup is never overwritten. One with
 * the same content serves again.
 *
 * @throws Error when the file cannot be read, or is being written to
 */
export async function backUp(file: string): Promise<Backup> {
  const before = await stat(file);
  const path = await copy(file, before.size);
  const after = await stat(file);
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new Error(`${file} is being written to: stop its bot first`);
  }
  return { path, ...described(before) };
}

/** The file itself, for a run that writes nothing. */
export async function withoutBackup(file: string): Promise<Backup> {
  return { path: file, ...described(await stat(file)) };
}

/**
 * Refuses a file that was imported so long ago that the ledger may have forgotten it: it would count twice.
 *
 * @param days how long the ledger remembers keys
 */
export async function refuseForgotten(file: string, days: number): Promise<void> {
  const first = await stat(nameOf(file, 1)).catch(() => undefined);
  if (!first || Date.now() - first.mtimeMs < days * DAY_MS) return;
  throw new Error(
    `${nameOf(file, 1)} is of ${first.mtime.toISOString().slice(0, 10)}, and the ledger remembers ${days} days: what ` +
      'was imported then would count twice. If nothing was, move that backup away',
  );
}

// Nothing happened before 1970, or later than now.
function described({ mtimeMs, size }: { mtimeMs: number; size: number }): Omit<Backup, 'path'> {
  return { writtenAt: new Date(Math.min(Math.max(0, Math.floor(mtimeMs)), Date.now())), bytes: size };
}

const nameOf = (file: string, number: number) => `${file}.backup${number > 1 ? `-${number}` : ''}`;

async function copy(file: string, size: number): Promise<string> {
  for (let number = 1; ; number++) {
    const path = nameOf(file, number);
    const older = await stat(path).catch(() => undefined);
    if (older?.size === size && (await digest(path)) === (await digest(file))) return path;
    if (older) continue;
    try {
      await copyFile(file, path, constants.COPYFILE_EXCL);
      return path;
    } catch (error) {
      // Somebody else took the name just now.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
