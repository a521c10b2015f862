import type { WhereOptions } from 'sequelize';
import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { BadgeView } from '../domain/views.js';
import { User, type UserBadge } from '../models/index.js';

/** Which badges; by default all. */
export interface BadgeFilter {
  /** Only those earned in this bot. */
  bot?: string | undefined;
  /** Only of this type. */
  type?: string | undefined;
}

/** Reads badges. An unknown user has none. */
export class BadgeRepository {
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#users = database.sequelize.getRepository(User);
  }

  /** A user's badges, oldest first. */
  async byTelegramId(telegramId: number, filter: BadgeFilter = {}): Promise<BadgeView[]> {
    const user = await this.#users.findOne({
      where: { telegramId },
      attributes: ['id'],
      include: { association: 'badges', required: false, where: matching(filter) },
      order: [
        ['badges', 'earnedAt', 'ASC'],
        ['badges', 'id', 'ASC'],
      ],
    });
    return (user?.badges ?? []).map(badgeView);
  }

  /** @param bot where it must have been earned; by default anywhere */
  async has(telegramId: number, badgeType: string, bot?: string): Promise<boolean> {
    return (await this.count(telegramId, { type: badgeType, bot })) > 0;
  }

  async count(telegramId: number, filter: BadgeFilter = {}): Promise<number> {
    const include = { association: 'badges', required: true, where: matching(filter) };
    return this.#users.count({ where: { telegramId }, include });
  }
}

const matching = ({ bot, type }: BadgeFilter): WhereOptions<UserBadge> => ({
  ...(bot !== undefined && { earnedInBot: bot }),
  ...(type !== undefined && { badgeType: type }),
});

/** A badge as reads show it. */
export function badgeView({ badgeType, earnedInBot, earnedAt, metadata }: UserBadge): BadgeView {
  return { badgeType, earnedInBot, earnedAt: earnedAt.toISOString(), metadata };
}
