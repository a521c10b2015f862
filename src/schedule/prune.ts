import type { Database, Dialect, Statement } from '../database.js';
import { sqlTime } from './sql-time.js';

/** Most rows of one statement. */
export const CHUNK = 1_000;

/** What pruning needs. */
export interface PruneDependencies {
  database: Database;
  /** Stops after the chunk at hand; the next run goes on. */
  signal?: AbortSignal;
}

/**
 * Deletes old rows in chunks.
 *
 * @param statements delete at most CHUNK rows that are older than their only parameter, and return one row for each
 * @param before what counts as old
 * @returns how many were deleted
 */
export async function prune(
  { database, signal }: PruneDependencies,
  statements: Record<Dialect, Statement>,
  before: Date,
): Promise<{ pruned: number }> {
  const statement = statements[database.dialect];
  const values = [sqlTime(database.dialect, before)];
  let pruned = 0;
  let deleted = CHUNK;
  while (deleted === CHUNK && !signal?.aborted) {
    const rows = await database.transaction((session) => session.query(statement, values));
    deleted = rows.length;
    pruned += deleted;
  }
  return { pruned };
}
