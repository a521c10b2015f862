import type { SqlSession } from '../database.js';
import type { NewId } from './encoding.js';
import { forgetUser } from './forget.js';
import { deleteRows, insertRows, takeIds, updateRows } from './statements.js';
import type { Tables } from './tables.js';
import type { WorkingSet } from './working-set.js';

/**
 * Writes what the rules changed: at most one delete, one update and one insert per table, in this order, so that a
 * row can step aside for a new one under the same unique index.
 */
export async function flush(session: SqlSession, tables: Tables, rows: WorkingSet): Promise<void> {
  for (const { table, removed, inserted, updated, properties } of rows.changes()) {
    if (removed.length > 0) await deleteRows(session, table, removed);
    if (updated.length > 0) await updateRows(session, table, updated, properties);
    if (inserted.length === 0) continue;
    if (table.namesNewIds) {
      const ids = await takeIds(session, table, inserted.length);
      for (const [index, row] of inserted.entries()) (row['id'] as NewId).value = ids[index];
    }
    await insertRows(session, table, inserted);
  }
  for (const user of rows.forgotten) await forgetUser(session, tables, user);
}
