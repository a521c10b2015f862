import type { Database, Row } from '../database.js';
import type { JsonText } from '../domain/rows.js';
import type { SessionView } from '../domain/views.js';
import { SESSION } from './statements.js';
import { type UserColumns, userView } from './user.js';

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
    if (!row) return { user: null, session: {}, stats: {} };
    return {
      user: userView(row as unknown as UserColumns),
      session: objectOf(row, 'session'),
      stats: objectOf(row, 'stats'),
    };
  }
}

const objectOf = (row: Row, column: string) => JSON.parse((row[column] as JsonText | null) ?? '{}');
