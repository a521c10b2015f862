import { promisify } from 'node:util';
import sqlite3 from 'sqlite3';
import type { Closable } from '../lifecycle.js';

/**
 * Takes a lock for this process alone.
 *
 * @param file created if absent; its directory must exist
 * @param waitMs how long to wait for whoever holds it
 * @returns the lock, released by close(); undefined when another process holds it
 */
export async function tryLock(file: string, waitMs = 0): Promise<Closable | undefined> {
  // SQLite's is the one lock at hand that the system releases however its holder dies. A file with a process id in it
  // would have to be believed after a crash, when that id may long be someone else's.
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(opened)));
  });
  database.configure('busyTimeout', waitMs);
  const close = promisify(database.close).bind(database);
  try {
    await promisify<string, void>(database.exec).call(database, 'BEGIN EXCLUSIVE');
  } catch (error) {
    await close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
  return { close };
}
