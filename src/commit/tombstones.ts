import type { SqlSession } from '../database.js';
import { earlier } from '../domain/time.js';
import { type CheckedUnit, isAlone } from '../operations/unit.js';
import { isNotification } from './kept-payments.js';
import type { LedgerState } from './state.js';
import { selectByKey } from './statements.js';
import type { Tables } from './tables.js';
import { usersOf } from './users-of.js';

/** When each of the users that the units name was deleted, as far as they were. */
export type Graves = ReadonlyMap<number, Date>;

/**
 * Looks for tombstones of the users whom units were late for. Notifications of payments are never too late: a payment
 * may outlive its user.
 */
export async function findGraves(
  session: SqlSession,
  { tombstones }: Tables,
  units: readonly CheckedUnit[],
  { lastDeletion }: LedgerState,
  now: Date,
): Promise<Graves> {
  if (!lastDeletion) return new Map();
  const late = units.filter((unit) => earlier(unit.at, now) <= lastDeletion || isNotification(unit));
  const keys = [...new Set(late.flatMap(usersOf))].map((telegramId) => [telegramId]);
  if (keys.length === 0) return new Map();
  const rows = await selectByKey(session, tombstones, keys);
  return new Map(rows.map((row) => [row['telegramId'] as number, row['deletedAt'] as Date]));
}

/**
 * Whether a unit names a user who was deleted after the unit was made: a late or retried job must not bring the user
 * back, and a late deletion must not delete a user who came back after another one.
 */
export function isBuried(unit: CheckedUnit, graves: Graves, now: Date): boolean {
  if (graves.size === 0) return false;
  return usersOf(unit).some((telegramId) => earlier(unit.at, now) <= (graves.get(telegramId) ?? NEVER));
}

const NEVER = new Date(-8.64e15);

/** What the operations of a buried unit answer. */
export function outcomesOfBuried(unit: CheckedUnit): readonly unknown[] {
  return isAlone(unit) ? [{ deleted: false }] : unit.operations.map(() => ({ userDeleted: true }));
}
