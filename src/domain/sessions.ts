import type { Rows, SessionRow } from './rows.js';
import { later } from './time.js';

/** Where and when a session is written. */
interface Write {
  telegramId: number;
  bot: string;
  at: Date;
}

/** What is written: an absent part stays as it is. */
interface Parts {
  session: object | undefined;
  stats: object | undefined;
}

/**
 * Writes the parts of a bot's session that are not older than what is stored. Session and stats have a time each,
 * because a late save of one must not be lost to an earlier-arriving save of the other.
 *
 * @returns whether anything was stored
 */
export function storeSession(rows: Rows, { telegramId, bot, at }: Write, { session, stats }: Parts): boolean {
  const user = rows.user(telegramId);
  const row = rows.find('botSessions', user, bot);
  if (!row) {
    rows.add('botSessions', {
      userId: user.id,
      botName: bot,
      sessionData: JSON.stringify(session ?? {}),
      statsData: JSON.stringify(stats ?? {}),
      sessionAt: session ? at : new Date(0),
      statsAt: stats ? at : new Date(0),
      createdAt: at,
      updatedAt: at,
    });
    return true;
  }
  return store(row, { session, stats }, at);
}

function store(row: SessionRow, { session, stats }: Parts, at: Date): boolean {
  const newerSession = session !== undefined && at >= row.sessionAt;
  const newerStats = stats !== undefined && at >= row.statsAt;
  if (newerSession) {
    row.sessionData = JSON.stringify(session);
    row.sessionAt = at;
  }
  if (newerStats) {
    row.statsData = JSON.stringify(stats);
    row.statsAt = at;
  }
  if (newerSession || newerStats) row.updatedAt = later(row.updatedAt, at);
  return newerSession || newerStats;
}
