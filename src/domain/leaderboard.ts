/**
 * The leaderboard: users by XP, of equals the one who was there first. To tell a rank without counting everyone above,
 * it is cut into buckets: a mark is the first place of its bucket, and it is booked how many users each bucket holds. A
 * rank is then a sum over the buckets above, and a short count within its own.
 */

/** A user's place in the order of the leaderboard. */
export interface Place {
  totalXp: number;
  /** The user's id: the earlier they came, the smaller it is. */
  id: number;
}

/** Whether a place is before another, or the same. */
const isUpTo = (a: Place, b: Place) => a.totalXp > b.totalXp || (a.totalXp === b.totalXp && a.id <= b.id);

/**
 * The bucket that a place is in.
 *
 * @param marks the first place of each bucket, in order; the first one is before everybody
 */
export function bucketOf(marks: readonly Place[], place: Place): number {
  let low = 0;
  let high = marks.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isUpTo(marks[middle] as Place, place)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A user before and after a commit; undefined where they did not exist. */
export interface Move {
  before: Place | undefined;
  after: Place | undefined;
}

/**
 * How many users each bucket gained or lost.
 *
 * @returns the buckets whose number changed
 */
export function bucketChanges(marks: readonly Place[], moves: Iterable<Move>): Map<number, number> {
  const changes = new Map<number, number>();
  const add = (place: Place | undefined, users: number) => {
    if (!place) return;
    const bucket = bucketOf(marks, place);
    changes.set(bucket, (changes.get(bucket) ?? 0) + users);
  };
  for (const { before, after } of moves) {
    if (before && after && before.totalXp === after.totalXp) continue;
    add(before, -1);
    add(after, 1);
  }
  for (const [bucket, users] of changes) if (users === 0) changes.delete(bucket);
  return changes;
}
