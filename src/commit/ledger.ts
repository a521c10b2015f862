import type { SqlSession } from '../database.js';
import { IdempotencyConflictError } from '../errors.js';
import type { CheckedUnit } from '../operations/unit.js';
import { insertRows, selectByKey } from './statements.js';
import type { Table, Tables } from './tables.js';
import { usersOf } from './users-of.js';

/** What became of a unit: its outcomes, one per operation, or why it was not applied. */
export type UnitResult = AppliedUnit | FailedUnit;

export interface AppliedUnit {
  readonly status: 'applied';
  readonly outcomes: readonly unknown[];
  /** Whether it was applied before, and this is only its answer. */
  readonly repeated?: true;
}

export interface FailedUnit {
  readonly status: 'failed';
  readonly error: Error;
}

/** What the ledger holds of a key. */
export interface LedgerRow {
  botName: string;
  key: string;
  contentHash: string;
  outcomes: string;
}

/** The units of a batch, told apart. */
export interface Split {
  /** Never applied: these are to be applied now, in order. */
  fresh: CheckedUnit[];
  /** Applied before, or refused because their key was: what to answer. */
  settled: Map<CheckedUnit, UnitResult>;
  /** Later copies of a fresh unit in the same batch: they get what the first of them gets. */
  copies: Map<CheckedUnit, CheckedUnit>;
}

/** The result of a unit as its copies get it. */
export const repeated = (result: UnitResult): UnitResult =>
  result.status === 'applied' ? { ...result, repeated: true } : result;

/** Looks the units up in the ledger. Their users must be locked before, so that nobody applies them meanwhile. */
export async function readLedger(session: SqlSession, ledger: Table, units: readonly CheckedUnit[]) {
  const keys = units.map(({ bot, key }) => [bot, key]);
  return (await selectByKey(session, ledger, keys)) as unknown as LedgerRow[];
}

/** Tells units apart by what the ledger holds of them. */
export function splitByLedger(units: readonly CheckedUnit[], rows: readonly LedgerRow[]): Split {
  const applied = new Map(rows.map((row) => [ledgerId(row.botName, row.key), row]));

  const split: Split = { fresh: [], settled: new Map(), copies: new Map() };
  const first = new Map<string, CheckedUnit>();
  for (const unit of units) {
    const id = ledgerId(unit.bot, unit.key);
    const row = applied.get(id);
    const earlier = first.get(id);
    if ((row ?? earlier ?? unit).contentHash !== unit.contentHash) {
      split.settled.set(unit, { status: 'failed', error: new IdempotencyConflictError(unit.key) });
    } else if (row) {
      split.settled.set(unit, repeated({ status: 'applied', outcomes: JSON.parse(row.outcomes) }));
    } else if (earlier) {
      split.copies.set(unit, earlier);
    } else {
      first.set(id, unit);
      split.fresh.push(unit);
    }
  }
  return split;
}

/**
 * Sends the ledger rows of settled units, in the transaction of their effects.
 *
 * @param nameless units whose rows name no user, so that they outlive a deletion: they hold nothing of anybody
 */
export function record(
  session: SqlSession,
  { ledger, ledgerUsers }: Tables,
  applied: ReadonlyMap<CheckedUnit, readonly unknown[]>,
  nameless: ReadonlySet<CheckedUnit>,
  now: Date,
): void {
  if (applied.size === 0) return;
  const rows: Record<string, unknown>[] = [];
  const furtherUsers: Record<string, unknown>[] = [];
  for (const [unit, outcomes] of applied) {
    const [telegramId, ...others] = nameless.has(unit) ? [] : usersOf(unit);
    rows.push(ledgerRow(unit, telegramId, outcomes, now));
    for (const other of others) furtherUsers.push({ botName: unit.bot, key: unit.key, telegramId: other });
  }
  insertRows(session, ledger, rows);
  if (furtherUsers.length > 0) insertRows(session, ledgerUsers, furtherUsers);
}

/** The ledger row of a unit, with its first user. */
export function ledgerRow(
  { bot: botName, key, contentHash }: CheckedUnit,
  telegramId: number | undefined,
  outcomes: readonly unknown[],
  createdAt: Date,
): Record<string, unknown> {
  return { botName, key, telegramId, contentHash, outcomes: JSON.stringify(outcomes), createdAt };
}

// A bot's name has no space in it.
const ledgerId = (bot: string, key: string) => `${bot} ${key}`;
