import type { Database, Dialect, Row, SqlSession, Statement } from '../database.js';
import { addDays } from '../domain/time.js';
import { sqlTime } from './sql-time.js';
import { endOfFound, FOUND, type FoundSubscription, writeEvents } from './write-events.js';

/** Most rows of one statement: no commit waits long for its users. */
const CHUNK = 1_000;

/** What reminding needs. */
export interface RemindDependencies {
  database: Pick<Database, 'transaction'>;
  config: { readonly remindDays: readonly number[] };
  /** Stops after the chunk at hand; the next run goes on. */
  signal?: AbortSignal;
}

/**
 * Finds time-based subscriptions that are about to end, and tells the bots of each: once per threshold, whatever runs at
 * once. After a downtime the nearest threshold alone counts. Users whom a commit holds at the moment are left to the next
 * run.
 *
 * @param now what the thresholds count from
 * @returns how many were found
 */
export async function remindExpiring(
  { database, config, signal }: RemindDependencies,
  now = new Date(),
): Promise<{ reminded: number }> {
  let reminded = 0;
  for (const window of windows(config.remindDays, now)) {
    let rest: Window | undefined = window;
    while (rest && !signal?.aborted) {
      const chunk: Window = rest;
      const done = await database.transaction((session) => remindChunk(session, chunk, now));
      reminded += done.reminded;
      rest = done.rest;
    }
  }
  return { reminded };
}

/** Ends after `after` and up to `until`: within so many days, and not within the next smaller threshold. */
interface Window {
  days: number;
  after: Date;
  until: Date;
}

function windows(remindDays: readonly number[], now: Date): Window[] {
  const thresholds = [...remindDays].sort((a, b) => a - b);
  return thresholds.map((days, index) => ({
    days,
    after: addDays(now, thresholds[index - 1] ?? 0),
    until: addDays(now, days),
  }));
}

interface Chunk {
  reminded: number;
  /** Where there may be more. */
  rest?: Window;
}

interface Due {
  id: number;
  user_id: number;
  end_date: Date | string;
}

async function remindChunk(session: SqlSession, window: Window, now: Date): Promise<Chunk> {
  const { dialect } = session;
  const bounds = [sqlTime(dialect, window.after), sqlTime(dialect, window.until), window.days];
  const due = (await session.query(statements[dialect].find, bounds)) as unknown as Due[];
  const ids = await lockUsers(session, due);
  const reminders = await session.query(statements[dialect].remind, [...bounds, sqlTime(dialect, now), ids]);
  const reminded = reminders.length;
  if (reminded > 0) await tell(session, reminders, window.days, now);

  const last = due.at(-1);
  if (!last || due.length < CHUNK) return { reminded };
  // A millisecond back, because more of them may end in the same one.
  const after = new Date(new Date(last.end_date).getTime() - 1);
  const stuck = reminded === 0 && after <= window.after;
  return stuck ? { reminded } : { reminded, rest: { ...window, after } };
}

/** Tells of them as they are now: a commit may have changed them before their users were locked. */
async function tell(session: SqlSession, reminders: readonly Row[], days: number, now: Date): Promise<void> {
  const ids = reminders.map(({ subscription_id }) => subscription_id);
  const given = session.dialect === 'sqlite' ? JSON.stringify(ids) : ids;
  const rows = (await session.query(statements[session.dialect].look, [given])) as unknown as FoundSubscription[];
  const events = rows.map((row) => ({ userId: row.user_id, payload: { ...endOfFound(row), days } }));
  writeEvents(session, 'subscription.expiring', now, events);
}

/** The subscriptions of users whom nobody else holds; from here on they stay as they are. */
async function lockUsers(session: SqlSession, due: readonly Due[]): Promise<unknown> {
  // SQLite has one writer at a time, and needs no locks.
  if (session.dialect === 'sqlite') return JSON.stringify(due.map(({ id }) => id));
  const locked = await session.query(lock, [due.map(({ user_id }) => user_id)]);
  const users = new Set(locked.map(({ id }) => id));
  return due.filter(({ user_id }) => users.has(user_id)).map(({ id }) => id);
}

/**
 * A reminder for a nearer end, given when the thresholds were others, makes one for a farther end pointless. It is
 * looked up for each subscription: with NOT EXISTS, PostgreSQL would read all reminders again for every chunk.
 */
const isDue = (after: string, until: string, days: string) => `
  s.is_active AND s.end_date > ${after} AND s.end_date <= ${until} AND ${days} < COALESCE(
    (SELECT min(r.days) FROM subscription_reminders AS r WHERE r.subscription_id = s.id), 2147483647)`;

const find = (condition: string) => ({
  name: 'botledger_remind_find',
  text: `SELECT s.id, s.user_id, s.end_date FROM subscriptions AS s WHERE ${condition} ORDER BY s.end_date LIMIT ${CHUNK}`,
});

const remind = (condition: string, values: string, ids: string) => ({
  name: 'botledger_remind',
  // Asks again what is due: a commit may have changed it before its user was locked.
  text: `INSERT INTO subscription_reminders (subscription_id, days, reminded_at)
         SELECT s.id, ${values} FROM subscriptions AS s WHERE ${condition} AND s.id ${ids}
         ON CONFLICT DO NOTHING RETURNING subscription_id`,
});

const look = (ids: string) => ({
  name: 'botledger_remind_look',
  text: `SELECT ${FOUND} FROM subscriptions WHERE id ${ids}`,
});

const lock: Statement = {
  name: 'botledger_remind_lock',
  text: 'SELECT id FROM users WHERE id = ANY($1::int[]) ORDER BY id FOR UPDATE SKIP LOCKED',
};

const onPostgres = isDue('$1::timestamptz', '$2::timestamptz', '$3::int');
const onSqlite = isDue('?1', '?2', '?3');

const amongPostgres = (parameter: string) => `= ANY(${parameter}::int[])`;
const amongSqlite = (parameter: string) => `IN (SELECT value FROM json_each(${parameter}))`;

const statements: Record<Dialect, Record<'find' | 'remind' | 'look', Statement>> = {
  postgres: {
    find: find(onPostgres),
    remind: remind(onPostgres, '$3::int, $4::timestamptz', amongPostgres('$5')),
    look: look(amongPostgres('$1')),
  },
  sqlite: {
    find: find(onSqlite),
    remind: remind(onSqlite, '?3, ?4', amongSqlite('?5')),
    look: look(amongSqlite('?1')),
  },
};
