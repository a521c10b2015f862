import type { Database, Row } from '../database.js';
import type { JsonText } from '../domain/rows.js';
import type { SessionView } from '../domain/views.js';
import { SESSION } from './statements.js';
import { isoOf, type UserColumns, userView } from './user.js';

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
    return {
      user: userView(row as unknown as UserColumns),
      session: objectOf(row, 'session'),
      stats: objectOf(row, 'stats'),
      sessionAt: timeOf(row, 'sessionAt'),
      statsAt: timeOf(row, 'statsAt'),
    };
  }
}

const objectOf = (row: Row, column: string) => JSON.parse((row[column] as JsonText | null) ?? '{}');

/** What was never written has the time 0, or no row. */
function timeOf(row: Row, column: string): string | null {
  const moment = row[column] as Date | string | null;
  return moment === null || new Date(moment).getTime() === 0 ? null : isoOf(moment);
}
