import type { Settings } from '../domain/settings.js';
import { earlier } from '../domain/time.js';
import { BotLedgerError } from '../errors.js';
import type { Context } from '../operations/operation.js';
import type { CheckedUnit } from '../operations/unit.js';
import { RuleError, RuleFailures } from './failures.js';
import type { WorkingSet } from './working-set.js';

/** Runs the rules of all units on the working set. If any throws, the batch must be rolled back. */
export function applyInOrder(
  units: readonly CheckedUnit[],
  rows: WorkingSet,
  now: Date,
  settings: Settings,
  applyOne: typeof applyUnit = applyUnit,
): Map<CheckedUnit, readonly unknown[]> {
  const outcomes = new Map<CheckedUnit, readonly unknown[]>();
  const failures = new Map<CheckedUnit, Error>();
  for (const unit of units) {
    try {
      outcomes.set(unit, applyOne(unit, rows, now, settings));
    } catch (error) {
      failures.set(unit, error as Error);
    }
  }
  if (failures.size > 0) throw new RuleFailures(failures);
  return outcomes;
}

/** The same, but what a unit that throws has done is undone at once: those that throw now do so by themselves. */
export const applyEach: typeof applyInOrder = (units, rows, now, settings) =>
  applyInOrder(units, rows, now, settings, (unit) => rows.attempt(() => applyUnit(unit, rows, now, settings)));

/** Runs the rules of a unit; what one of them throws comes out. */
export function applyUnit(
  { bot, at: claimed, operations }: CheckedUnit,
  rows: WorkingSet,
  now: Date,
  settings: Settings,
) {
  // A bot whose clock runs ahead must not shut out later writes.
  const at = earlier(claimed, now);
  return operations.map(({ operation, telegramId, payload }) => {
    try {
      if (telegramId === undefined) return operation.apply(rows, payload, { bot, at, settings } as Context);
      const created = rows.greet(telegramId, at);
      return operation.apply(rows, payload, { bot, at, settings, telegramId, created });
    } catch (error) {
      throw error instanceof BotLedgerError ? error : new RuleError(operation.name, error);
    }
  });
}
