import { QueryTypes } from 'sequelize';
import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { LeaderboardEntry, UserView } from '../domain/views.js';
import { User } from '../models/index.js';

/**
 * Above a user are the buckets above theirs (src/domain/leaderboard.ts), and who is before them in their own: from its
 * mark on. Without marks the one bucket begins before everybody. Counts are apart by whether the XP is the same, because
 * one condition with OR would scan the table. One statement, so that all its numbers are of one moment.
 */
const RANK = `
  WITH me AS (SELECT total_xp, id FROM users WHERE telegram_id = $1),
    mark AS (
      SELECT mark, -minus_xp AS total_xp, user_id FROM rank_marks
       WHERE (minus_xp, user_id) <= ((SELECT -total_xp FROM me), (SELECT id FROM me))
       ORDER BY minus_xp DESC, user_id DESC LIMIT 1),
    start AS (
      SELECT mark, total_xp, user_id FROM mark
       UNION ALL SELECT 0, 9007199254740991, 0 WHERE NOT EXISTS (SELECT 1 FROM mark))
  SELECT 1
       + COALESCE((SELECT sum(c.users) FROM rank_counts AS c WHERE c.bucket < start.mark), 0)
       + (SELECT count(*) FROM users AS u WHERE u.total_xp > me.total_xp AND u.total_xp < start.total_xp)
       + CASE WHEN start.total_xp > me.total_xp
           THEN (SELECT count(*) FROM users AS u WHERE u.total_xp = start.total_xp AND u.id >= start.user_id)
              + (SELECT count(*) FROM users AS u WHERE u.total_xp = me.total_xp AND u.id < me.id)
           ELSE (SELECT count(*) FROM users AS u
                  WHERE u.total_xp = me.total_xp AND u.id >= start.user_id AND u.id < me.id)
         END AS place
    FROM me, start`;

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
