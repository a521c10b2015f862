import type { Database, Row, SqlSession, Statement } from '../database.js';
import { sqlTime } from './sql-time.js';
import { endOfFound, FOUND, type FoundSubscription, writeEvents } from './write-events.js';

/** Most rows of one statement: no commit waits long for its users. */
const CHUNK = 1_000;

/** Subscriptions that give no access any more, each kind by a condition that its own index answers. */
const dueByKind = {
  timed: (now: string) => `is_active AND end_date <= ${now}`,
  // Commits end credits that are used up themselves; this is for rows from elsewhere.
  spent: () => 'is_active AND credits_left = 0',
};

type Kind = keyof typeof dueByKind;

/** What expiring needs. */
export interface ExpireDependencies {
  database: Pick<Database, 'transaction'>;
  /** Stops after the chunk at hand; the next run goes on. */
  signal?: AbortSignal;
}

/**
 * Marks subscriptions past their end, and credits that are used up, as inactive, and tells the bots of each: however
 * many there are, in chunks. Users whom a commit holds at the moment are left to the next run.
 *
 * @param now what counts as past
 * @returns how many were marked
 */
export async function expireSubscriptions(
  { database, signal }: ExpireDependencies,
  now = new Date(),
): Promise<{ expired: number }> {
  let expired = 0;
  for (const kind of Object.keys(dueByKind) as Kind[]) {
    let found = true;
    while (found && !signal?.aborted) {
      const chunk = await database.transaction((session) => expireChunk(session, kind, now));
      expired += chunk.expired;
      found = chunk.found;
    }
  }
  return { expired };
}

interface Chunk {
  /** Whether there was anything to do, so that there may be more. */
  found: boolean;
  expired: number;
}

async function expireChunk(session: SqlSession, kind: Kind, now: Date): Promise<Chunk> {
  const values = kind === 'timed' ? [sqlTime(session.dialect, now)] : [];
  if (session.dialect === 'sqlite') {
    const expired = tell(session, await session.query(sqlite[kind], values), now);
    return { found: expired > 0, expired };
  }
  const users = await session.query(postgres[kind].lockUsers, values);
  if (users.length === 0) return { found: false, expired: 0 };
  const rows = await session.query(postgres[kind].expire, [...values, users.map(({ id }) => id)]);
  return { found: true, expired: tell(session, rows, now) };
}

function tell(session: SqlSession, rows: Row[], now: Date): number {
  const events = (rows as unknown as FoundSubscription[]).map((row) => ({
    userId: row.user_id,
    payload: endOfFound(row),
  }));
  writeEvents(session, 'subscription.expired', now, events);
  return rows.length;
}

/** On PostgreSQL a subscription is changed under the lock of its user only, as commits do. */
const postgres = {
  timed: postgresStatements('timed', dueByKind.timed('$1::timestamptz'), 'end_date', '$2'),
  spent: postgresStatements('spent', dueByKind.spent(), 'id', '$1'),
};

function postgresStatements(
  kind: Kind,
  due: string,
  order: string,
  users: string,
): Record<'lockUsers' | 'expire', Statement> {
  return {
    lockUsers: {
      name: `botledger_expire_${kind}_lock`,
      text: `SELECT id FROM users
              WHERE id IN (SELECT user_id FROM subscriptions WHERE ${due} ORDER BY ${order} LIMIT ${CHUNK})
              ORDER BY id FOR UPDATE SKIP LOCKED`,
    },
    // Asks again what is due: a commit may have changed it before its user was locked here.
    expire: {
      name: `botledger_expire_${kind}`,
      text: `UPDATE subscriptions SET is_active = FALSE WHERE ${due} AND user_id = ANY(${users}::int[]) RETURNING ${FOUND}`,
    },
  };
}

/** SQLite has one writer at a time, and needs no locks. */
const sqlite = {
  timed: sqliteStatement('timed', dueByKind.timed('?1')),
  spent: sqliteStatement('spent', dueByKind.spent()),
};

function sqliteStatement(kind: Kind, due: string): Statement {
  return {
    name: `botledger_expire_${kind}`,
    text: `UPDATE subscriptions SET is_active = FALSE
            WHERE id IN (SELECT id FROM subscriptions WHERE ${due} LIMIT ${CHUNK}) RETURNING ${FOUND}`,
  };
}
