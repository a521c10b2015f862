import type { CheckedUnit } from '../operations/unit.js';

/** The users that a unit names, each once, in order of appearance. */
export function usersOf({ operations }: CheckedUnit): number[] {
  const first = operations[0]?.telegramId;
  // By far the most units name one user.
  if (operations.length === 1) return first === undefined ? [] : [first];
  return [...new Set(operations.flatMap(({ telegramId }) => (telegramId === undefined ? [] : [telegramId])))];
}
