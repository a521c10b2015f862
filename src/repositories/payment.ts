import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { PaymentView } from '../domain/views.js';
import { type Payment, User } from '../models/index.js';

/** Reads payments. An unknown user has none. */
export class PaymentRepository {
  readonly #users: Repository<User>;

  constructor(database: Database) {
    this.#users = database.sequelize.getRepository(User);
  }

  /** A user's payments, latest first. */
  async byTelegramId(telegramId: number): Promise<PaymentView[]> {
    const user = await this.#users.findOne({
      where: { telegramId },
      attributes: ['id'],
      include: { association: 'payments', required: false },
      order: [
        ['payments', 'createdAt', 'DESC'],
        ['payments', 'id', 'DESC'],
      ],
    });
    return (user?.payments ?? []).map(paymentView);
  }
}

/** A payment as reads show it. */
export function paymentView(row: Payment): PaymentView {
  return {
    provider: row.provider,
    paymentId: row.paymentId,
    // SQLite hands out 990 for 990.00. Ten digits survive the way through a double.
    amount: Number(row.amount).toFixed(2),
    currency: row.currency,
    status: row.status,
    tariff: row.tariff,
    description: row.description,
    metadata: row.metadata,
    subscriptionId: row.subscriptionId,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
