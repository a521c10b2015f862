import type { SqlSession } from '../database.js';
import { earlier } from '../domain/time.js';
import type { CheckedUnit } from '../operations/unit.js';
import type { LedgerState } from './state.js';
import { selectByKey } from './statements.js';
import type { Tables } from './tables.js';
import { usersOf } from './users-of.js';

/** When each of the users that the units name was deleted, as far as they were. */
export type Graves = ReadonlyMap<number, Date>;

/** Looks for tombstones of the units' users, if there was a deletion that is not older than every unit. */
export async function findGraves(
  session: SqlSession,
  { tombstones }: Tables,
  units: readonly CheckedUnit[],
  { lastDeletion }: LedgerState,
  now: Date,
): Promise<Graves> {
  const late = lastDeletion ? units.filter(({ at }) => earlier(at, now) <= lastDeletion) : [];
  const keys = [...new Set(late.flatMap(usersOf))].map((telegramId) => [telegramId]);
  if (keys.length === 0) return new Map();
  const rows = await selectByKey(session, tombstones, keys);
  return new Map(rows.map((row) => [row['telegramId'] as number, row['deletedAt'] as Date]));
}

/**
 * Whether a unit names a user who was deleted after the unit was made: a late or retried job must not bring the user
 * back. Deletions themselves are never among them.
 */
export function isBuried(unit: CheckedUnit, graves: Graves, now: Date): boolean {
  if (graves.size === 0 || unit.operations[0]?.operation.alone) return false;
  return usersOf(unit).some((telegramId) => earlier(unit.at, now) <= (graves.get(telegramId) ?? NEVER));
}

const NEVER = new Date(-8.64e15);

/** What each operation of a buried unit answers. */
export const BURIED = { userDeleted: true } as const;
