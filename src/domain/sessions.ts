import type { Rows, SessionRow, UserRow } from './rows.js';
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
    addSession(rows, user, { telegramId, bot, at }, { session, stats });
    return true;
  }
  return store(row, { session, stats }, at);
}

/** Counts a training in the bot's stats: how many, the best score, and when the last one was. */
export function countTraining(rows: Rows, where: Write, score: number): void {
  const user = rows.user(where.telegramId);
  const row = rows.find('botSessions', user, where.bot);
  const counted = withTraining(row ? JSON.parse(row.statsData) : {}, score, where.at);
  if (!row) {
    addSession(rows, user, where, { session: undefined, stats: counted });
    return;
  }
  row.statsData = JSON.stringify(counted);
  row.statsAt = later(row.statsAt, where.at);
  row.updatedAt = later(row.updatedAt, where.at);
}

/** Stats with one more training in them. */
export function withTraining(stats: object, score: number, at: Date): object {
  const before = stats as Record<string, unknown>;
  return {
    ...before,
    total_trainings: numberOr(0, before['total_trainings']) + 1,
    best_score: Math.max(numberOr(score, before['best_score']), score),
    last_training_date: lastDate(before['last_training_date'], at),
  };
}

function addSession(rows: Rows, user: UserRow, { bot, at }: Write, { session, stats }: Parts): void {
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
}

// Bots write their stats as they like: what is not a number, or a date, is not counted on.
const numberOr = (otherwise: number, value: unknown) => (typeof value === 'number' ? value : otherwise);

function lastDate(known: unknown, at: Date): string {
  const before = new Date(typeof known === 'string' ? known : Number.NaN);
  return (before > at ? before : at).toISOString();
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
