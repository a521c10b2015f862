import { Op } from 'sequelize';
import type { Database } from '../../database.js';
import { BotSession, DeletedUser, IdempotencyKey, IdempotencyKeyUser, User } from '../../models/index.js';
import { importKey } from './plan.js';

/** A user's counters as the database has them. */
export type StoredUser = Pick<User, 'id' | 'telegramId' | 'totalXp' | 'level' | 'totalTrainings' | 'totalScore'>;

/** What an import reads from the database; it writes nothing. */
export class ImportStore {
  readonly #database: Database;
  readonly #bot: string;

  constructor(database: Database, bot: string) {
    this.#database = database;
    this.#bot = bot;
  }

  /** @throws Error that says what to do, when the database is not one of ours */
  async check(): Promise<void> {
    const { sequelize, dialect } = this.#database;
    // A worker that opens the file for the first time may hold it for a moment.
    if (dialect === 'sqlite') await sequelize.query('PRAGMA busy_timeout = 10000');
    // Asking for what is pending makes the table where it is recorded; nothing is to be written here.
    const recorded = await sequelize.getQueryInterface().tableExists('SequelizeMeta');
    if (!recorded || (await this.#database.migrations().pending()).length > 0) {
      throw new Error('the database is not up to date: run `botledger migrate`, or `botledger adopt` for an old one');
    }
  }

  /** The digests of the units that the ledger holds under these keys. */
  async appliedHashes(keys: readonly string[]): Promise<Map<string, string>> {
    const where = { botName: this.#bot, key: [...keys] };
    const ledger = this.#database.sequelize.getRepository(IdempotencyKey);
    const rows = await ledger.findAll({ attributes: ['key', 'contentHash'], where, raw: true });
    return new Map(rows.map(({ key, contentHash }) => [key, contentHash]));
  }

  /** Those of these users that exist. */
  async users(telegramIds: readonly number[]): Promise<Map<number, StoredUser>> {
    const attributes = ['id', 'telegramId', 'totalXp', 'level', 'totalTrainings', 'totalScore'];
    const users = this.#database.sequelize.getRepository(User);
    const rows = await users.findAll({ attributes, where: { telegramId: [...telegramIds] }, raw: true });
    return new Map(rows.map((row) => [row.telegramId, row]));
  }

  /** Those of these users (by database id) whose session of this bot is from then or later. */
  async withSession(userIds: readonly number[], from: Date): Promise<Set<number>> {
    const where = { userId: [...userIds], botName: this.#bot, sessionAt: { [Op.gte]: from } };
    const sessions = this.#database.sequelize.getRepository(BotSession);
    const rows = await sessions.findAll({ attributes: ['userId'], where, raw: true });
    return new Set(rows.map(({ userId }) => userId));
  }

  /** Those of these users who were deleted. */
  async deleted(telegramIds: readonly number[]): Promise<Set<number>> {
    const graves = this.#database.sequelize.getRepository(DeletedUser);
    const rows = await graves.findAll({ where: { telegramId: [...telegramIds] }, raw: true });
    return new Set(rows.map(({ telegramId }) => telegramId));
  }

  /** Those of these users whom other units were applied to since then, or who were deleted; rather one too many. */
  async busy(telegramIds: readonly number[], since: Date): Promise<Set<number>> {
    const { sequelize } = this.#database;
    const recent = { createdAt: { [Op.gte]: since } };
    const wanted = { telegramId: [...telegramIds] };
    const named = await sequelize.getRepository(IdempotencyKey).findAll({
      attributes: ['botName', 'key', 'telegramId'],
      where: { ...recent, ...wanted },
      raw: true,
    });
    const shared = await sequelize.getRepository(IdempotencyKeyUser).findAll({ where: wanted, raw: true });
    const others = named.filter(({ botName, key, telegramId }) => !this.#isOurs(botName, key, telegramId));
    const deleted = await this.deleted(telegramIds);
    return new Set([...others, ...shared].map(({ telegramId }) => telegramId as number).concat([...deleted]));
  }

  #isOurs(bot: string, key: string, telegramId: number | null): boolean {
    return bot === this.#bot && key === importKey(telegramId as number);
  }
}
