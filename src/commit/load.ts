import type { SqlSession } from '../database.js';
import type { RowKey, RowName } from '../domain/rows.js';
import { earlier } from '../domain/time.js';
import type { CheckedUnit } from '../operations/unit.js';
import { insertUnlessThere, selectByKey, takeIds } from './statements.js';
import type { Tables } from './tables.js';
import { usersOf } from './users-of.js';
import type { WorkingSet } from './working-set.js';

/** Locks the users of the units that exist, in id order: two overlapping batches never wait for each other. */
export async function lockUsers(
  session: SqlSession,
  tables: Tables,
  rows: WorkingSet,
  units: readonly CheckedUnit[],
): Promise<void> {
  const keys = [...new Set(units.flatMap(usersOf))].map((telegramId) => [telegramId]);
  if (keys.length > 0) rows.take('users', keys, await selectByKey(session, tables.rows.users, keys));
}

/** Creates the users of the units that did not exist when they were looked for, and locks them; returns how many. */
export async function createMissingUsers(
  session: SqlSession,
  tables: Tables,
  rows: WorkingSet,
  units: readonly CheckedUnit[],
  now: Date,
): Promise<number> {
  const firstSeen = new Map<number, Date>();
  for (const unit of units) {
    for (const telegramId of usersOf(unit)) {
      if (!rows.knows(telegramId) && !firstSeen.has(telegramId)) firstSeen.set(telegramId, earlier(unit.at, now));
    }
  }
  if (firstSeen.size === 0) return 0;

  // In one order everywhere, so that two batches with the same new users do not deadlock on the unique index.
  const missing = [...firstSeen].sort(([a], [b]) => a - b);
  // Ids follow the order of appearance: on the leaderboard they tell equals apart by who was there first.
  const ids = await takeIds(session, tables.rows.users, firstSeen.size);
  const idOf = new Map([...firstSeen.keys()].map((telegramId, index) => [telegramId, ids[index]]));
  const newUsers = missing.map(([telegramId, at]) => {
    return { id: idOf.get(telegramId), telegramId, registrationDate: at, lastActivity: at };
  });
  const keys = missing.map(([telegramId]) => [telegramId]);
  const [created, users] = await Promise.all([
    insertUnlessThere(session, tables.rows.users, newUsers),
    selectByKey(session, tables.rows.users, keys),
  ]);
  rows.take('users', keys, users);
  // Those not inserted here were created by another batch between our look and our insert.
  for (const { telegramId } of created) rows.noteCreated(telegramId as number);
  return missing.length;
}

/** Which rows the operations of units touch besides their users, by table; the users are in the working set. */
export function touchedBy(
  units: readonly CheckedUnit[],
  tables: Tables,
  rows: WorkingSet,
): Map<RowName, Map<string, RowKey>> {
  const touched = new Map<RowName, Map<string, RowKey>>();
  for (const { bot, operations } of units) {
    for (const { operation, payload, telegramId } of operations) {
      for (const [name, keys] of Object.entries(operation.touches(payload, bot)) as [RowName, RowKey[]][]) {
        const byId = touched.get(name) ?? new Map<string, RowKey>();
        touched.set(name, byId);
        for (const key of keys) {
          const full = tables.rows[name].perUser && telegramId !== undefined ? [rows.user(telegramId).id, ...key] : key;
          byId.set(JSON.stringify(full), full);
        }
      }
    }
  }
  return touched;
}

/** Loads what the operations of the units touch besides their users: one statement per table. */
export async function loadTouched(
  session: SqlSession,
  tables: Tables,
  rows: WorkingSet,
  units: readonly CheckedUnit[],
): Promise<void> {
  const touched = touchedBy(units, tables, rows);
  const load = async (name: RowName, keys: RowKey[]) =>
    rows.take(name, keys, await selectByKey(session, tables.rows[name], keys));
  // Tables are locked in one order everywhere, as rows within them are.
  const names = Object.keys(tables.rows) as RowName[];
  await Promise.all(
    names.flatMap((name) => (touched.has(name) ? load(name, [...(touched.get(name)?.values() ?? [])]) : [])),
  );
}
