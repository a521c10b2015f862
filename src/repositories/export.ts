import { literal, Op, Transaction } from 'sequelize';
import type { Database } from '../database.js';
import type { ExportView } from '../domain/export-view.js';
import { userView } from '../domain/user-view.js';
import {
  BotSession,
  DeletedUser,
  FreeTraining,
  IdempotencyKey,
  OutboxEvent,
  Payment,
  PromocodeUsage,
  Subscription,
  TrainingHistory,
  User,
  UserBadge,
} from '../models/index.js';
import { badgeView } from './badge.js';
import { paymentView } from './payment.js';
import { subscriptionView } from './subscription.js';
import { trainingView } from './training.js';

/** Reads everything that is held on a user. */
export class ExportRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Every row of every table that is about this user, as of one moment.
   *
   * @param bot whose sessions and units it holds; by default those of all bots
   */
  async byTelegramId(telegramId: number, bot?: string): Promise<ExportView> {
    const { sequelize } = this.#database;
    const isolationLevel = Transaction.ISOLATION_LEVELS.REPEATABLE_READ;
    return sequelize.transaction({ isolationLevel }, async (transaction) => {
      const user = await sequelize.getRepository(User).findOne({ where: { telegramId }, transaction });
      const deleted = await sequelize.getRepository(DeletedUser).findByPk(telegramId, { transaction });
      return {
        telegramId,
        exportedAt: new Date().toISOString(),
        user: user && userView(user),
        deletedAt: deleted?.deletedAt.toISOString() ?? null,
        ...(await this.#rowsOf(user?.id ?? NOBODY, bot, transaction)),
        units: await this.#unitsOf(telegramId, bot, transaction),
      };
    });
  }

  async #rowsOf(userId: number, bot: string | undefined, transaction: Transaction) {
    const { sequelize } = this.#database;
    const rows = { where: { userId }, order: [['id', 'ASC'] as [string, string]], transaction };
    const sessions = await sequelize.getRepository(BotSession).findAll({ ...rows, where: { userId, ...ofBot(bot) } });
    const badges = await sequelize.getRepository(UserBadge).findAll(rows);
    const subscriptions = await sequelize
      .getRepository(Subscription)
      .findAll({ ...rows, include: { association: 'reminders', required: false } });
    const payments = await sequelize.getRepository(Payment).findAll(rows);
    const promocodes = await sequelize.getRepository(PromocodeUsage).findAll({ ...rows, include: 'promocode' });
    const freeTrainings = await sequelize.getRepository(FreeTraining).findAll(rows);
    const trainings = await sequelize.getRepository(TrainingHistory).findAll(rows);
    const events = await sequelize.getRepository(OutboxEvent).findAll(rows);
    return {
      sessions: sessions.map(sessionView),
      badges: badges.map(badgeView),
      subscriptions: subscriptions.map(subscriptionWithReminders),
      payments: payments.map(paymentView),
      promocodes: promocodes.map(({ promocode, usedAt }) => ({
        code: promocode?.code ?? '',
        usedAt: usedAt.toISOString(),
      })),
      freeTrainings: freeTrainings.map(({ source, trainingsLeft, createdAt }) => ({
        source,
        trainingsLeft,
        createdAt: createdAt.toISOString(),
      })),
      trainings: trainings.map(trainingView),
      events: events.map(({ botName, type, payload, createdAt }) => ({
        bot: botName,
        type,
        payload,
        createdAt: createdAt.toISOString(),
      })),
    };
  }

  /** Two questions, because PostgreSQL answers each from an index, and both in one from none. */
  async #unitsOf(telegramId: number, bot: string | undefined, transaction: Transaction): Promise<ExportView['units']> {
    const ledger = this.#database.sequelize.getRepository(IdempotencyKey);
    const first = await ledger.findAll({ where: { telegramId, ...ofBot(bot) }, transaction });
    const further = await ledger.findAll({
      where: { [Op.and]: [NAMED_FURTHER], ...ofBot(bot) },
      replacements: { telegramId },
      transaction,
    });
    return [...first, ...further]
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
      .map(({ botName, key, outcomes, createdAt }) => ({
        bot: botName,
        key,
        outcomes,
        createdAt: createdAt.toISOString(),
      }));
  }
}

const NOBODY = 0;

const ofBot = (bot: string | undefined) => (bot === undefined ? {} : { botName: bot });

const NAMED_FURTHER = literal(
  '(bot_name, key) IN (SELECT bot_name, key FROM idempotency_key_users WHERE telegram_id = :telegramId)',
);

function sessionView(row: BotSession): ExportView['sessions'][number] {
  return {
    bot: row.botName,
    session: row.sessionData,
    sessionAt: row.sessionAt.toISOString(),
    stats: row.statsData,
    statsAt: row.statsAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function subscriptionWithReminders(row: Subscription): ExportView['subscriptions'][number] {
  const reminders = (row.reminders ?? []).map(({ days, remindedAt }) => ({
    days,
    remindedAt: remindedAt.toISOString(),
  }));
  return { ...subscriptionView(row), granted: row.granted, reminders };
}
