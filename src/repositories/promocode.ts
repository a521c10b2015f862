import type { Repository } from 'sequelize-typescript';
import type { Database } from '../database.js';
import type { PromocodeView } from '../domain/views.js';
import { Promocode } from '../models/index.js';

/** Reads promocodes. */
export class PromocodeRepository {
  readonly #promocodes: Repository<Promocode>;

  constructor(database: Database) {
    this.#promocodes = database.sequelize.getRepository(Promocode);
  }

  /** The code and its state at a moment, or null when there is none; codes compare without case. */
  async byCode(code: string, at = new Date()): Promise<PromocodeView | null> {
    const row = await this.#promocodes.findOne({ where: { code: code.toUpperCase() } });
    return row && promocodeView(row, at);
  }
}

function promocodeView(row: Promocode, at: Date): PromocodeView {
  return {
    code: row.code,
    type: row.type,
    value: row.value,
    state: stateOf(row, at),
    maxUses: row.maxUses,
    currentUses: row.currentUses,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  };
}

/** What `redeemPromocode` would say to somebody new. */
function stateOf({ expiresAt, maxUses, currentUses }: Promocode, at: Date): PromocodeView['state'] {
  if (expiresAt && expiresAt <= at) return 'expired';
  return maxUses !== null && currentUses >= maxUses ? 'exhausted' : 'valid';
}
