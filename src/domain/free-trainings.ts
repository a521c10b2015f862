import type { FreeTrainingRow, FreeTrainingSource, Rows, UserRow } from './rows.js';

/** Free trainings of a user from one source, if there ever were any. */
export function findFreeTrainings(rows: Rows, user: UserRow, source: FreeTrainingSource): FreeTrainingRow | undefined {
  return rows.list('freeTrainings', user).find((row) => row.source === source);
}

/**
 * Grants free trainings.
 *
 * @returns how many are left from that source now
 */
export function grantFreeTrainings(
  rows: Rows,
  user: UserRow,
  source: FreeTrainingSource,
  trainings: number,
  at: Date,
): number {
  const row = findFreeTrainings(rows, user, source);
  if (!row) {
    rows.add('freeTrainings', { userId: user.id, source, trainingsLeft: trainings, createdAt: at });
    return trainings;
  }
  row.trainingsLeft += trainings;
  return row.trainingsLeft;
}
