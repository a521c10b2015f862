import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { SessionView } from '../domain/views.js';
import { User } from '../models/index.js';
import { userView } from './user.js';

/** Reads the bots' sessions. */
export class SessionRepository {
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#users = database.sequelize.getRepository(User);
  }

  /**
   * The user together with this bot's session and stats, which are empty until the bot saves some. In one query: every
   * update of a bot starts with it.
   */
  async byTelegramId(telegramId: number, bot: string): Promise<SessionView> {
    const user = await this.#users.findOne({
      where: { telegramId },
      include: { association: 'botSessions', required: false, where: { botName: bot } },
    });
    if (!user) return { user: null, session: {}, stats: {} };
    const session = user.botSessions?.[0];
    return { user: userView(user), session: session?.sessionData ?? {}, stats: session?.statsData ?? {} };
  }
}
