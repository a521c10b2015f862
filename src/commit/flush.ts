import type { SqlSession } from '../database.js';
import type { NewId } from './encoding.js';
import { forgetUser } from './forget.js';
import { deleteRows, insertRows, takeIds, updateRows } from './statements.js';
import type { Table, Tables } from './tables.js';
import type { WorkingSet } from './working-set.js';

/**
 * Sends what the rules changed: at most one delete, one update and one insert per table, in this order, so that a row
 * can step aside for a new one under the same unique index.
 */
export async function flush(session: SqlSession, tables: Tables, rows: WorkingSet): Promise<void> {
  const changes = rows.changes();
  await Promise.all(changes.map(({ table, inserted }) => nameNewRows(session, table, inserted)));
  for (const { table, removed, inserted, updated, properties } of changes) {
    if (removed.length > 0) deleteRows(session, table, removed);
    if (updated.length > 0) updateRows(session, table, updated, properties);
    if (inserted.length > 0) insertRows(session, table, inserted);
  }
  for (const user of rows.forgotten) forgetUser(session, tables, user);
}

async function nameNewRows(session: SqlSession, table: Table, inserted: Record<string, unknown>[]): Promise<void> {
  if (!table.namesNewIds || inserted.length === 0) return;
  const ids = await takeIds(session, table, inserted.length);
  for (const [index, row] of inserted.entries()) (row['id'] as NewId).value = ids[index];
}
