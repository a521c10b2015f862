import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import { type Access, findAccess } from '../domain/access.js';
import type { SubscriptionRow } from '../domain/rows.js';
import type { AccessView, SubscriptionView } from '../domain/views.js';
import { User } from '../models/index.js';

/** Reads subscriptions and free trainings. An unknown user has none. */
export class SubscriptionRepository {
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#users = database.sequelize.getRepository(User);
  }

  /** What gives the user access at a moment; the same answer that `consumeAccess` would give then. */
  async checkAccess(telegramId: number, at = new Date()): Promise<AccessView> {
    const access = await this.#findAccess(telegramId, at);
    if (!access) return { hasAccess: false, accessType: null, details: {} };
    return { hasAccess: true, accessType: access.accessType, details: details(access) };
  }

  /** The subscription that gives access at a moment: a time-based one before credits; or null. */
  async active(telegramId: number, at = new Date()): Promise<SubscriptionView | null> {
    const access = await this.#findAccess(telegramId, at);
    return access && access.accessType !== 'free_trainings' ? subscriptionView(access.from) : null;
  }

  async #findAccess(telegramId: number, at: Date): Promise<Access | undefined> {
    // A user has at most two active subscriptions and three rows of free trainings, so that joining both is cheap.
    const user = await this.#users.findOne({
      where: { telegramId },
      attributes: ['id'],
      include: [
        { association: 'subscriptions', required: false, where: { isActive: true } },
        { association: 'freeTrainings', required: false },
      ],
      // Oldest first, as the commit loads them.
      order: [
        ['subscriptions', 'id', 'ASC'],
        ['freeTrainings', 'id', 'ASC'],
      ],
    });
    return findAccess(user?.subscriptions ?? [], user?.freeTrainings ?? [], at);
  }
}

function details(access: Access): AccessView['details'] {
  if (access.accessType === 'free_trainings') {
    const { trainingsLeft, source } = access.from;
    return { trainingsLeft, source };
  }
  const { subscriptionType, endDate, creditsLeft } = access.from;
  return {
    subscriptionType,
    ...(endDate && { endDate: endDate.toISOString() }),
    ...(creditsLeft !== null && { creditsLeft }),
  };
}

/** A subscription as reads show it. */
export function subscriptionView(row: SubscriptionRow): SubscriptionView {
  return {
    id: row.id,
    type: row.subscriptionType,
    startDate: row.startDate.toISOString(),
    endDate: row.endDate?.toISOString() ?? null,
    isActive: row.isActive,
    autoRenew: row.autoRenew,
    creditsTotal: row.creditsTotal,
    creditsLeft: row.creditsLeft,
  };
}
