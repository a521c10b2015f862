import type { Dialect, Statement } from '../database.js';
import { addDays } from '../domain/time.js';
import { CHUNK, type PruneDependencies, prune } from './prune.js';

/**
 * Deletes what the ledger has kept for long enough. A key that was deleted could be applied again.
 *
 * @param now what the retention counts back from
 * @returns how many rows were deleted
 */
export function pruneLedger(
  { config, ...dependencies }: PruneDependencies & { config: { readonly ledgerRetentionDays: number } },
  now = new Date(),
): Promise<{ pruned: number }> {
  return prune(dependencies, statements, addDays(now, -config.ledgerRetentionDays));
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
