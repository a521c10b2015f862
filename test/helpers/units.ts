import { type CheckedUnit, checkUnit, type Unit, type WireOperation } from '../../src/operations/unit.js';

let made = 0;

/** A unit that fits its schema: one `addXp` of 5 for user 1 unless told otherwise, under a key of its own. */
export function unit({
  bot = 'spin_bot',
  key = `key-${++made}`,
  at = Date.UTC(2026, 0, 15),
  operations = [{ name: 'addXp', telegramId: 1, xp: 5 }],
}: Partial<Unit> = {}): CheckedUnit {
  return checkUnit({ bot, key, at, operations });
}

/** A unit of one operation. */
export const unitOf = (operation: WireOperation, rest: Partial<Unit> = {}): CheckedUnit =>
  unit({ ...rest, operations: [operation] });
