import type { PlannedRow } from './plan.js';
import type { ImportStore, StoredUser } from './store.js';
import { add, type Check } from './tally.js';

/** Rows that are applied, and what the database had before. */
interface Applied {
  imported: readonly PlannedRow[];
  repeated: readonly PlannedRow[];
  before: ReadonlyMap<number, StoredUser>;
  store: ImportStore;
  /** The time of the sessions. */
  at: Date;
  /** When the run began. */
  since: Date;
}

/** A row of which the database has something else than the file. */
export interface Odd {
  row: PlannedRow;
  reason: string;
}

// The workers' clocks may be this far behind ours.
const CLOCK_SKEW_MS = 300_000;

/**
 * Compares rows with what the database has of them now: that their users are there, and, for those of this run, what
 * each user gained and that the session is there. Users whom a bot wrote to meanwhile gained more than the file says;
 * they are left out of the sums.
 *
 * @param check what is found is added to it
 * @returns the rows that are not in the database as they should be
 */
export async function compare(applied: Applied, check: Check): Promise<Odd[]> {
  const { imported, repeated, before, store, at, since } = applied;
  const all = [...imported, ...repeated];
  const after = await store.users(all.map(({ telegramId }) => telegramId));
  const missing = all.filter(({ telegramId }) => !after.has(telegramId));
  const withSession = await store.withSession(idsOf(imported, after), at);

  const odd = new Map<PlannedRow, string>(missing.map((row) => [row, 'the user is not in the database']));
  for (const row of imported) {
    const user = after.get(row.telegramId);
    const reason = user && difference(row, before.get(row.telegramId), user, withSession);
    if (reason) odd.set(row, reason);
  }
  const suspects = [...odd.keys()].map(({ telegramId }) => telegramId);
  const busy = odd.size > 0 ? await store.busy(suspects, new Date(since.getTime() - CLOCK_SKEW_MS)) : new Set<number>();
  for (const row of odd.keys()) if (busy.has(row.telegramId)) odd.delete(row);

  check.users += all.length;
  check.usersMissing += missing.filter((row) => odd.has(row)).length;
  check.busy += busy.size;
  check.wrong += odd.size;
  for (const row of imported) {
    if (busy.has(row.telegramId)) continue;
    if (row.hasSession) check.sessions++;
    const user = after.get(row.telegramId);
    add(check.expected, row.adds);
    if (!user) continue;
    if (row.hasSession && !withSession.has(user.id)) check.sessionsMissing++;
    add(check.gained, growth(before.get(row.telegramId), user));
  }
  return [...odd].map(([row, reason]) => ({ row, reason }));
}

const idsOf = (rows: readonly PlannedRow[], users: ReadonlyMap<number, StoredUser>) =>
  rows.flatMap(({ telegramId }) => users.get(telegramId)?.id ?? []);

const growth = (before: StoredUser | undefined, after: StoredUser) => ({
  xp: after.totalXp - (before?.totalXp ?? 0),
  trainings: after.totalTrainings - (before?.totalTrainings ?? 0),
  score: after.totalScore - (before?.totalScore ?? 0),
});

/** How the database differs from the row, in words; undefined when it does not. */
function difference(
  row: PlannedRow,
  before: StoredUser | undefined,
  after: StoredUser,
  withSession: ReadonlySet<number>,
): string | undefined {
  const gained = growth(before, after);
  const differing = (['xp', 'trainings', 'score'] as const)
    .filter((counter) => gained[counter] !== row.adds[counter])
    .map((counter) => `${counter} grew by ${gained[counter]}, not by ${row.adds[counter]}`);
  const level = after.level < row.level ? [`level ${after.level}, not ${row.level}`] : [];
  const session = row.hasSession && !withSession.has(after.id) ? ['the session is missing'] : [];
  const all = [...differing, ...level, ...session];
  return all.length > 0 ? `applied, but the database has something else: ${all.join(', ')}` : undefined;
}
