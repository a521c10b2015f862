import type { Dialect, Statement } from '../database.js';
import { addDays } from '../domain/time.js';
import { CHUNK, type PruneDependencies, prune } from './prune.js';

/**
 * Deletes events that were handed to the queues of the bots long enough ago. What was not handed over yet stays.
 *
 * @param now what the retention counts back from
 * @returns how many rows were deleted
 */
export function pruneOutbox(
  { config, ...dependencies }: PruneDependencies & { config: { readonly outboxRetentionDays: number } },
  now = new Date(),
): Promise<{ pruned: number }> {
  return prune(dependencies, statements, addDays(now, -config.outboxRetentionDays));
}

// Two processes that prune at once pass each other by instead of waiting.
const old = (parameter: string, lock: string) => `
  DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE delivered_at < ${parameter} ORDER BY delivered_at LIMIT ${CHUNK} ${lock}
  ) RETURNING 1 AS deleted`;

const statements: Record<Dialect, Statement> = {
  postgres: { name: 'botledger_prune_outbox', text: old('$1::timestamptz', 'FOR UPDATE SKIP LOCKED') },
  sqlite: { name: 'botledger_prune_outbox', text: old('?1', '') },
};
