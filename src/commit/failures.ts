import type { CheckedUnit } from '../operations/unit.js';
import { OutOfTurnError } from './turn.js';

/** The database is away or refuses everyone; nothing is wrong with the units. */
export class OutageError extends Error {
  override readonly name = 'OutageError';
  constructor(cause: unknown) {
    super(`the database is not available: ${(cause as Error).message}`, { cause });
  }
}

/** Rules of these units threw. Their batch was rolled back, to run again without them. */
export class RuleFailures extends Error {
  override readonly name = 'RuleFailures';
  constructor(readonly failures: ReadonlyMap<CheckedUnit, Error>) {
    super(`${failures.size} units failed`);
  }
}

/** Another worker was faster in a way that only running the batch again can take into account. */
export class LostRaceError extends Error {
  override readonly name = 'LostRaceError';
}

/** Whose fault a failed transaction is. */
export type Blame = 'race' | 'units' | 'database';

// The classes of SQLSTATE that say something about the values of a statement; the others are about the server, the
// schema or the connection. https://www.postgresql.org/docs/current/errcodes-appendix.html
const VALUE_CLASSES = new Map([
  ['21', 'cardinality violation'],
  ['22', 'data exception'],
  ['23', 'integrity constraint violation'],
  ['54', 'program limit exceeded'],
]);

const UNIQUE_VIOLATION = '23505';

// https://www.sqlite.org/rescode.html
const SQLITE_VALUE_CODES = new Set(['SQLITE_CONSTRAINT', 'SQLITE_MISMATCH', 'SQLITE_TOOBIG', 'SQLITE_RANGE']);

/**
 * What a failure says, for logs and for the failed set. PostgreSQL quotes the values that do not fit their types, and
 * those are of users.
 */
export function messageOf(error: Error): string {
  const { code } = error as { code?: unknown };
  const quotesValues = typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
  return quotesValues ? error.message.replace(/".*"/s, '"…"') : error.message;
}

/**
 * Whose fault a failed transaction is: a race with another worker (run it again), some unit's values or a bug in a
 * rule (find the unit), or the database's (wait).
 */
export function blame(error: unknown): Blame {
  if (error instanceof RuleFailures || error instanceof TypeError || error instanceof RangeError) return 'units';
  if (error instanceof LostRaceError || error instanceof OutOfTurnError) return 'race';
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return 'database';
  if (code === UNIQUE_VIOLATION) return 'race';
  if (code.startsWith('SQLITE_')) return SQLITE_VALUE_CODES.has(code) ? 'units' : 'database';
  return /^[0-9A-Z]{5}$/.test(code) && VALUE_CLASSES.has(code.slice(0, 2)) ? 'units' : 'database';
}
