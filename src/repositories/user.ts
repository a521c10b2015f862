import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import { type UserColumns, userView } from '../domain/user-view.js';
import type { LeaderboardPage, UserView } from '../domain/views.js';
import { User } from '../models/index.js';
import { COUNT, LEADERBOARD, RANK, USER } from './statements.js';

/** Reads users. */
export class UserRepository {
  readonly #database: Database;
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#database = database;
    this.#users = database.sequelize.getRepository(User);
  }

  async byTelegramId(telegramId: number): Promise<UserView | null> {
    const [user] = await this.#database.read(USER, [telegramId]);
    return user ? userView(user as unknown as UserColumns) : null;
  }

  async byId(id: number): Promise<UserView | null> {
    const user = await this.#users.findByPk(id);
    return user && userView(user);
  }

  /**
   * Users by XP, most first; of equals, who was there first comes first.
   *
   * @returns the page, and how many users there are in all
   */
  async leaderboard({ limit = 10, offset = 0 }: { limit?: number; offset?: number } = {}): Promise<LeaderboardPage> {
    const rows = await this.#database.read(LEADERBOARD, [limit, offset]);
    const users = (rows as unknown as UserColumns[])
      .filter(({ telegramId }) => telegramId !== null)
      .map((user, index) => ({ rank: offset + index + 1, ...userView(user) }));
    return { users, total: rows[0]?.['total'] as number };
  }

  /** The user's place in the leaderboard, or null for an unknown user. */
  async rank(telegramId: number): Promise<number | null> {
    const [row] = await this.#database.read(RANK, [telegramId]);
    return (row?.['rank'] as number | undefined) ?? null;
  }

  async count(): Promise<number> {
    const [row] = await this.#database.read(COUNT, []);
    return row?.['count'] as number;
  }
}
