import type { SqlSession } from '../database.js';
import type { NewId } from './encoding.js';
import { insertRows, takeIds, updateRows } from './statements.js';
import type { WorkingSet } from './working-set.js';

/**
 * Writes what the rules changed: at most one update and one insert per table. Updates come first, so that a row can
 * step aside for a new one under the same unique index.
 */
export async function flush(session: SqlSession, rows: WorkingSet): Promise<void> {
  for (const { table, inserted, updated, properties } of rows.changes()) {
    if (updated.length > 0) await updateRows(session, table, updated, properties);
    if (inserted.length === 0) continue;
    if (table.namesNewIds) {
      const ids = await takeIds(session, table, inserted.length);
      for (const [index, row] of inserted.entries()) (row['id'] as NewId).value = ids[index];
    }
    await insertRows(session, table, inserted);
  }
}
