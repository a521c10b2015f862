import type { SqlSession } from '../database.js';
import { earlier } from '../domain/time.js';
import type { CheckedUnit } from '../operations/unit.js';
import { selectByKey } from './statements.js';
import type { Tables } from './tables.js';
import { usersOf } from './users-of.js';

/**
 * The units that name a user who was deleted after the unit was made: a late or retried job must not bring the user
 * back. Deletions themselves are never among them.
 */
export async function findBuried(
  session: SqlSession,
  { tombstones }: Tables,
  units: readonly CheckedUnit[],
  now: Date,
): Promise<Set<CheckedUnit>> {
  const keys = [...new Set(units.flatMap(usersOf))].map((telegramId) => [telegramId]);
  if (keys.length === 0) return new Set();
  const rows = await selectByKey(session, tombstones, keys);
  if (rows.length === 0) return new Set();

  const deletedAt = new Map(rows.map((row) => [row['telegramId'] as number, row['deletedAt'] as Date]));
  const isBuried = (unit: CheckedUnit) =>
    !unit.operations[0]?.operation.alone &&
    usersOf(unit).some((telegramId) => earlier(unit.at, now) <= (deletedAt.get(telegramId) ?? NEVER));
  return new Set(units.filter(isBuried));
}

const NEVER = new Date(-8.64e15);

/** What each operation of a buried unit answers. */
export const BURIED = { userDeleted: true } as const;
