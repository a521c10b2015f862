import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import type { Database } from '../../src/database.js';
import type { Settings } from '../../src/domain/settings.js';
import type { CheckedUnit } from '../../src/operations/unit.js';

interface Options {
  /** How many units the next batch has; by default they are committed one by one. */
  nextSize?: () => number;
  settings?: Settings;
}

/** Commits units in order, in batches; answers the result of each by its key. */
export async function commitInBatches(
  database: Database,
  units: readonly CheckedUnit[],
  { nextSize = () => 1, ...options }: Options = {},
): Promise<Map<string, UnitResult>> {
  const committer = new Committer(database, options);
  const results = new Map<string, UnitResult>();
  for (let done = 0; done < units.length; ) {
    const batch = units.slice(done, done + nextSize());
    for (const [index, result] of (await committer.commit(batch)).entries()) {
      results.set((batch[index] as CheckedUnit).key, result);
    }
    done += batch.length;
  }
  return results;
}

/** What the only operation of a unit answered, as a bot sees it; fails when the unit did. */
export function outcomeOf(result: UnitResult | undefined): Record<string, unknown> {
  if (result?.status !== 'applied') throw result?.error ?? new Error('there is no such unit');
  return JSON.parse(JSON.stringify(result.outcomes[0]));
}
