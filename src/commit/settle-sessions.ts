import { earlier } from '../domain/time.js';
import { IdempotencyConflictError, SignatureError, ValidationError } from '../errors.js';
import type { HotSessions, Settled } from '../hot/sessions.js';
import { type CheckedUnit, sessionImages } from '../operations/unit.js';
import type { UnitResult } from './ledger.js';

/**
 * Tells the hot sessions what became of a unit's writes; nothing while it is still to be tried again. What failed for
 * good is refused: a session that only a person's retry may ever commit is not shown.
 *
 * @param last whether this was the last time that it is tried
 */
export function settleSessions(
  sessions: HotSessions,
  unit: CheckedUnit,
  result: UnitResult,
  last: boolean,
): Promise<void>[] {
  const writes = unit.operations.some(({ operation }) => operation.image);
  if (!writes || (result.status === 'failed' && !last && !isHopeless(result.error))) return [];
  const at = earlier(unit.at, new Date());
  return [...sessionImages(unit)].map(([telegramId, { session, stats, counted }]) => {
    const refused = result.status === 'failed' || result.repeated || isRefused(unit, telegramId, result.outcomes);
    const became = (part: Settled | undefined): Settled => (part && refused ? 'refused' : (part ?? ''));
    const { bot, key } = unit;
    return sessions.settle(
      { bot, telegramId, key, at },
      became(session && 'stored'),
      counted && !refused ? 'counted' : became(stats && 'stored'),
    );
  });
}

/** Whether no retry can mend it. */
export const isHopeless = (error: Error): boolean =>
  error instanceof ValidationError || error instanceof IdempotencyConflictError || error instanceof SignatureError;

/** Whether the database holds something newer, or the user was deleted since: what it has is read from there again. */
function isRefused({ operations }: CheckedUnit, telegramId: number, outcomes: readonly unknown[]): boolean {
  return operations.some(({ telegramId: user }, index) => {
    const { saved, userDeleted } = outcomes[index] as { saved?: boolean; userDeleted?: true };
    return user === telegramId && (saved === false || userDeleted === true);
  });
}
