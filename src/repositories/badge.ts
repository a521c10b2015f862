import type { WhereOptions } from 'sequelize';
import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { BadgeView } from '../domain/views.js';
import { User, type UserBadge } from '../models/index.js';

/** Reads badges. An unknown user has none. */
export class BadgeRepository {
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#users = database.sequelize.getRepository(User);
  }

  /**
   * A user's badges, oldest first.
   *
   * @param bot only those earned in this bot
   */
  async byTelegramId(telegramId: number, bot?: string): Promise<BadgeView[]> {
    const user = await this.#users.findOne({
      where: { telegramId },
      attributes: ['id'],
      include: { association: 'badges', required: false, where: inBot(bot) },
      order: [
        ['badges', 'earnedAt', 'ASC'],
        ['badges', 'id', 'ASC'],
      ],
    });
    return (user?.badges ?? []).map(badgeView);
  }

  async has(telegramId: number, badgeType: string, bot: string): Promise<boolean> {
    return (await this.#count(telegramId, { badgeType, earnedInBot: bot })) > 0;
  }

  /** @param bot only those earned in this bot */
  async count(telegramId: number, bot?: string): Promise<number> {
    return this.#count(telegramId, inBot(bot));
  }

  #count(telegramId: number, where: WhereOptions<UserBadge>): Promise<number> {
    return this.#users.count({ where: { telegramId }, include: { association: 'badges', required: true, where } });
  }
}

const inBot = (bot: string | undefined): WhereOptions<UserBadge> => (bot === undefined ? {} : { earnedInBot: bot });

function badgeView({ badgeType, earnedInBot, earnedAt, metadata }: UserBadge): BadgeView {
  return { badgeType, earnedInBot, earnedAt: earnedAt.toISOString(), metadata };
}
