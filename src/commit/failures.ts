import { BotLedgerError } from '../errors.js';
import { describeOutage, type FailureKind, kindOf } from '../failures.js';
import { type CheckedUnit, nameOf } from '../operations/unit.js';
import { OutOfTurnError } from './turn.js';

/** The database is away or refuses everyone; nothing is wrong with the units. */
export class OutageError extends Error {
  override readonly name = 'OutageError';
  constructor(cause: unknown) {
    super(`the database is not available: ${describeOutage(cause)}`, { cause });
  }
}

/** So many units of a batch fail that to find them all would keep others waiting. Nothing says which; some may be applied. */
export class CrowdedError extends Error {
  override readonly name = 'CrowdedError';
  constructor() {
    super('too many units of this batch fail');
  }
}

/** Rules of these units threw. Their batch was rolled back, to run again without them. */
export class RuleFailures extends Error {
  override readonly name = 'RuleFailures';
  constructor(readonly failures: ReadonlyMap<CheckedUnit, Error>) {
    super(`${failures.size} units failed`);
  }
}

/** Why a unit failed, for whoever finds it in the failed set: which operation, what was wrong, what to do. */
export class UnitFailedError extends Error {
  override readonly name = 'UnitFailedError';
}

/** A rule threw; its operation is named, because a unit may have many. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  constructor(operation: string, cause: unknown) {
    super(`${operation}: its rule threw ${cause}; mend the rule or the data, then retry`, { cause });
  }
}

/** Another worker was faster in a way that only running the batch again can take into account. */
export class LostRaceError extends Error {
  override readonly name = 'LostRaceError';
  constructor() {
    super('other workers were faster each time');
  }
}

/** Somebody else holds a row of the unit for long; it is applied when they have let go. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  constructor() {
    super('somebody else holds a row of this unit: see pg_stat_activity for who has left a transaction open');
  }
}

/** Whose fault a failed transaction is. */
export type Blame = 'race' | 'units' | 'locked' | 'slow' | 'database';

const BLAME: Readonly<Record<FailureKind, Blame>> = {
  race: 'race',
  values: 'units',
  locked: 'locked',
  slow: 'slow',
  away: 'database',
  // The database ran it again many times.
  deadlock: 'database',
  // What nobody foresaw is not held against the units: they wait, and the log says for what.
  unknown: 'database',
};

/**
 * Whose fault a failed transaction is: a race with another worker (run it again), some unit's values or a bug in a
 * rule (find the unit), somebody's who holds a row (go on without it), nobody's but too much at once, or the database's
 * (wait).
 */
export function blame(error: unknown): Blame {
  if (error instanceof RuleFailures || error instanceof TypeError || error instanceof RangeError) return 'units';
  if (error instanceof LostRaceError || error instanceof OutOfTurnError) return 'race';
  return BLAME[kindOf(error)];
}

/** The same failure in words that a person can act on. */
export function explain({ operations }: CheckedUnit, error: Error): Error {
  if (error instanceof BotLedgerError || error instanceof RuleError || error instanceof LockedError) return error;
  const names = nameOf(operations.map(({ operation }) => operation));
  const { code, table, column, constraint } = error as Partial<
    Record<'code' | 'table' | 'column' | 'constraint', string>
  >;
  // Where the driver tells it. Its `detail` is left out: it shows the row.
  const place = [table, column ?? constraint].filter(Boolean).join('.');
  const problem = code
    ? `the database refuses what it writes${place && ` to ${place}`}: ${messageOf(error)} (${code})`
    : String(error);
  return new UnitFailedError(`${names}: ${problem}; correct the data or the rule, then retry`, { cause: error });
}

/** PostgreSQL quotes the values that do not fit their types, and those are of users. */
function messageOf(error: Error): string {
  const { code } = error as { code?: unknown };
  const quotesValues = typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
  return quotesValues ? error.message.replace(/".*"/s, '"…"') : error.message;
}
