import * as z from 'zod';
import { collectOperations } from '../../client/unit-builder.js';
import { ValidationError } from '../../errors.js';
import type { UnitMethods } from '../../index.js';
import { amount, count, level } from '../../operations/fields.js';
import { checkUnit, describe } from '../../operations/unit.js';
import type { Place, Row } from './rows.js';

/** What a row adds to its user. */
export interface Totals {
  xp: number;
  trainings: number;
  score: number;
}

/** A row that fits, as the unit that it becomes. */
export interface PlannedRow extends Place {
  telegramId: number;
  key: string;
  /** Digest of its operations: the ledger keeps it. */
  contentHash: string;
  adds: Totals;
  /** The level that the user has at least, afterwards. */
  level: number;
  hasSession: boolean;
  bytes: number;
  build: (unit: UnitMethods) => void;
}

/** Whose rows they are, and what a unit may carry. */
export interface PlanOptions {
  bot: string;
  /** When the bot wrote the file. */
  at: Date;
  maxUnitBytes: number;
}

// What is inside of session and stats is checked with the unit.
const rowSchema = z.strictObject({
  session: z.looseObject({}).nullish(),
  stats: z
    .looseObject({
      total_xp: amount.min(0).nullish(),
      current_level: level.nullish(),
      total_trainings: z
        .int()
        .min(0)
        .max(count.maxValue as number)
        .nullish(),
      total_score: amount.nullish(),
    })
    .nullish(),
});

/**
 * The unit that a row becomes. The same row always gives the same key and the same operations.
 *
 * @throws ValidationError with everything that does not fit
 */
export function planRow(row: Row, { bot, at, maxUnitBytes }: PlanOptions): PlannedRow {
  const telegramId = readId(row.id);
  if (row.inexact) throw new ValidationError([`the number ${row.inexact} has more digits than JavaScript keeps`]);
  const parsed = rowSchema.safeParse(row.value);
  if (!parsed.success) throw new ValidationError(describe('user', parsed.error));
  const build = operationsOf(telegramId, row.value as RawRow);
  if (!build) throw new ValidationError(['user: neither session nor stats']);

  const key = importKey(telegramId);
  const operations = collectOperations(build);
  const { contentHash } = checkUnit({ bot, key, at: at.getTime(), operations }, maxUnitBytes);
  const { total_xp, current_level, total_trainings, total_score } = parsed.data.stats ?? {};
  return {
    line: row.line,
    offset: row.offset,
    bytes: row.bytes,
    telegramId,
    key,
    contentHash,
    adds: { xp: total_xp ?? 0, trainings: total_trainings ?? 0, score: total_score ?? 0 },
    level: current_level ?? 1,
    hasSession: Boolean(parsed.data.session),
    build,
  };
}

/** The idempotency key of a user's row: the same in every run. */
export const importKey = (telegramId: number): string => `import-${telegramId}`;

type RawRow = z.input<typeof rowSchema>;

function readId(id: string): number {
  const telegramId = Number(id);
  if (!/^-?\d+$/.test(id) || (Number.isSafeInteger(telegramId) && String(telegramId) !== id)) {
    throw new ValidationError(['the key is no Telegram id: expected a whole number']);
  }
  if (!Number.isSafeInteger(telegramId)) throw new ValidationError(['the Telegram id is beyond the safe integers']);
  return telegramId;
}

/** What a user brings along from the old module. */
function operationsOf(telegramId: number, { session, stats }: RawRow): ((unit: UnitMethods) => void) | undefined {
  const parts = { ...(session ? { session } : {}), ...(stats ? { stats } : {}) };
  if (Object.keys(parts).length === 0) return undefined;
  const { total_xp, current_level, total_trainings, total_score } = stats ?? {};
  return (unit) => {
    if (total_xp || current_level) {
      // The level that the bot gave stands, whatever others make of so much XP; a higher one of another bot stays.
      const levels = current_level ? { levels: [{ level: current_level, minXp: 0 }] } : {};
      unit.addXp(telegramId, { xp: total_xp ?? 0, ...levels });
    }
    if (total_trainings) unit.incrementTrainings(telegramId, { by: total_trainings });
    if (total_score) unit.addScore(telegramId, { score: total_score });
    unit.saveSession(telegramId, parts);
  };
}
