import { describeOutage, type FailureKind, kindOf } from '../failures.js';
import type { CheckedUnit } from '../operations/unit.js';
import { OutOfTurnError } from './turn.js';

/** The database is away or refuses everyone; nothing is wrong with the units. */
export class OutageError extends Error {
  override readonly name = 'OutageError';
  constructor(cause: unknown) {
    super(`the database is not available: ${describeOutage(cause)}`, { cause });
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
