import type { Database, Row } from '../database.js';
import type { JsonText } from '../domain/rows.js';
import { isoOf, type UserColumns, userView } from '../domain/user-view.js';
import type { SessionPage, SessionView } from '../domain/views.js';
import { readCursor, writeCursor } from './cursor.js';
import { SESSION, SESSIONS } from './statements.js';

/** Reads the bots' sessions. */
export class SessionRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The user together with this bot's session and stats, which are empty until the bot saves some. In one query: every
   * update of a bot starts with it.
   */
  async byTelegramId(telegramId: number, bot: string): Promise<SessionView> {
    const [row] = await this.#database.read(SESSION, [telegramId, bot]);
    if (!row) return { user: null, session: {}, stats: {}, sessionAt: null, statsAt: null };
    return { user: userView(row as unknown as UserColumns), ...partsOf(row) };
  }

  /**
   * A bot's sessions, of its latest users first, page by page.
   *
   * @param query.before a page's `next`: the sessions before those
   * @throws ValidationError when `before` is no cursor
   */
  async byBot(
    bot: string,
    { limit = 10, before }: { limit?: number; before?: string | undefined },
  ): Promise<SessionPage> {
    const cursor = before === undefined ? Number.MAX_SAFE_INTEGER : readCursor(before);
    // One more tells whether there is a next page.
    const rows = await this.#database.read(SESSIONS, [bot, cursor, limit + 1]);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      sessions: page.map((row) => ({ telegramId: Number(row['telegramId']), ...partsOf(row) })),
      next: last && rows.length > limit ? writeCursor(Number(last['id'])) : null,
    };
  }
}

const partsOf = (row: Row): Omit<SessionView, 'user'> => ({
  session: objectOf(row, 'session'),
  stats: objectOf(row, 'stats'),
  sessionAt: timeOf(row, 'sessionAt'),
  statsAt: timeOf(row, 'statsAt'),
});

const objectOf = (row: Row, column: string) => JSON.parse((row[column] as JsonText | null) ?? '{}');

/** What was never written has the time 0, or no row. */
function timeOf(row: Row, column: string): string | null {
  const moment = row[column] as Date | string | null;
  return moment === null || new Date(moment).getTime() === 0 ? null : isoOf(moment);
}
