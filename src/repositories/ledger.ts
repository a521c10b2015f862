import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import { IdempotencyKey } from '../models/index.js';

/** Reads the ledger. */
export class LedgerRepository {
  readonly #keys: Repository<IdempotencyKey>;

  constructor(database: Database) {
    this.#keys = database.sequelize.getRepository(IdempotencyKey);
  }

  /** What a unit answered, one outcome per operation; null while it is not applied, or when its row was pruned. */
  async outcomes(bot: string, key: string): Promise<unknown[] | null> {
    const row = await this.#keys.findOne({ where: { botName: bot, key }, attributes: ['outcomes'] });
    return row?.outcomes ?? null;
  }
}
