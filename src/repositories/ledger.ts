import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import { IdempotencyKey } from '../models/index.js';

/** What the ledger holds of an applied unit. */
export interface LedgerEntry {
  contentHash: string;
  /** One per operation. */
  outcomes: unknown[];
}

/** Reads the ledger. */
export class LedgerRepository {
  readonly #keys: Repository<IdempotencyKey>;

  constructor(database: Database) {
    this.#keys = database.sequelize.getRepository(IdempotencyKey);
  }

  /** The unit that a key belongs to; null while none is applied, or when its row was pruned. */
  async find(bot: string, key: string): Promise<LedgerEntry | null> {
    const row = await this.#keys.findOne({ where: { botName: bot, key }, attributes: ['contentHash', 'outcomes'] });
    return row && { contentHash: row.contentHash, outcomes: row.outcomes };
  }

  /** What a unit answered, one outcome per operation; null while it is not applied, or when its row was pruned. */
  async outcomes(bot: string, key: string): Promise<unknown[] | null> {
    return (await this.find(bot, key))?.outcomes ?? null;
  }
}
