import { QueryTypes } from 'sequelize';
import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { LeaderboardEntry, UserView } from '../domain/views.js';
import { User } from '../models/index.js';

// Two counts, because PostgreSQL answers each from users_leaderboard alone; one condition with OR scans the table.
// The dates are compared in the database, where they are finer than JavaScript's milliseconds.
const RANK = `
  SELECT 1 + (SELECT count(*) FROM users WHERE total_xp > me.total_xp)
           + (SELECT count(*) FROM users
               WHERE total_xp = me.total_xp AND (registration_date, id) < (me.registration_date, me.id)) AS place
    FROM users AS me WHERE me.telegram_id = $1`;

/** Reads users. */
export class UserRepository {
  readonly #database: Database;
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#database = database;
    this.#users = database.sequelize.getRepository(User);
  }

  async byTelegramId(telegramId: number): Promise<UserView | null> {
    const user = await this.#users.findOne({ where: { telegramId } });
    return user && userView(user);
  }

  async byId(id: number): Promise<UserView | null> {
    const user = await this.#users.findByPk(id);
    return user && userView(user);
  }

  /** Users by XP, most first; of equals, who was there first comes first. */
  async leaderboard({ limit = 10, offset = 0 }: { limit?: number; offset?: number } = {}): Promise<LeaderboardEntry[]> {
    const users = await this.#users.findAll({
      order: [
        ['totalXp', 'DESC'],
        ['registrationDate', 'ASC'],
        ['id', 'ASC'],
      ],
      limit,
      offset,
    });
    return users.map((user, index) => ({ rank: offset + index + 1, ...userView(user) }));
  }

  /** The user's place in the leaderboard, or null for an unknown user. */
  async rank(telegramId: number): Promise<number | null> {
    const [row] = await this.#database.sequelize.query<{ place: number }>(RANK, {
      bind: [telegramId],
      type: QueryTypes.SELECT,
    });
    return row?.place ?? null;
  }

  async count(): Promise<number> {
    return this.#users.count();
  }
}

/** A user as reads show it. */
export function userView(user: User): UserView {
  return {
    telegramId: user.telegramId,
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    registrationDate: user.registrationDate.toISOString(),
    lastActivity: user.lastActivity.toISOString(),
    totalXp: user.totalXp,
    level: user.level,
    totalTrainings: user.totalTrainings,
    totalScore: user.totalScore,
  };
}
