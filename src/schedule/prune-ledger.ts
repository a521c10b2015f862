import type { Database, Dialect, Statement } from '../database.js';
import { addDays } from '../domain/time.js';
import { sqlTime } from './sql-time.js';

/** Most rows of one statement. */
const CHUNK = 1_000;

/** What pruning needs. */
export interface PruneDependencies {
  database: Database;
  config: { readonly ledgerRetentionDays: number };
  /** Stops after the chunk at hand; the next run goes on. */
  signal?: AbortSignal;
}

/**
 * Deletes what the ledger has kept for long enough. A key that was deleted could be applied again.
 *
 * @param now what the retention counts back from
 * @returns how many rows were deleted
 */
export async function pruneLedger(
  { database, config, signal }: PruneDependencies,
  now = new Date(),
): Promise<{ pruned: number }> {
  const before = sqlTime(database.dialect, addDays(now, -config.ledgerRetentionDays));
  const statement = statements[database.dialect];
  let pruned = 0;
  let deleted = CHUNK;
  while (deleted === CHUNK && !signal?.aborted) {
    const rows = await database.transaction((session) => session.query(statement, [before]));
    deleted = rows.length;
    pruned += deleted;
  }
  return { pruned };
}

// Two processes that prune at once pass each other by instead of waiting.
const old = (parameter: string, lock: string) => `
  DELETE FROM idempotency_keys WHERE (bot_name, key) IN (
    SELECT bot_name, key FROM idempotency_keys WHERE created_at < ${parameter}
     ORDER BY created_at LIMIT ${CHUNK} ${lock}
  ) RETURNING 1 AS deleted`;

const statements: Record<Dialect, Statement> = {
  postgres: { name: 'botledger_prune_ledger', text: old('$1::timestamptz', 'FOR UPDATE SKIP LOCKED') },
  sqlite: { name: 'botledger_prune_ledger', text: old('?1', '') },
};
