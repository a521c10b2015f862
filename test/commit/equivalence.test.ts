import { expect } from 'chai';
import fc from 'fast-check';
import { Committer } from '../../src/commit/committer.js';
import type { UnitResult } from '../../src/commit/ledger.js';
import type { Database } from '../../src/database.js';
import { operationNames } from '../../src/operations/registry.js';
import { type CheckedUnit, checkUnit } from '../../src/operations/unit.js';
import { arbitraryNames, arbitraryUnit } from '../helpers/arbitrary.js';
import { dialects, freshDatabase } from '../helpers/databases.js';
import { snapshot } from '../helpers/snapshot.js';

const RUNS = { postgres: 40, sqlite: 40 };

describe('A batch is the same as its units one by one', () => {
  it('is tried with every operation there is', () => {
    expect(arbitraryNames).to.have.members(operationNames);
  });

  for (const dialect of dialects) {
    it(`in tables and outcomes, for batches of any size and any number of workers, on ${dialect}`, async function () {
      this.timeout(120_000);
      const [whole, apart] = await Promise.all([freshDatabase(dialect), freshDatabase(dialect)]);
      await fc.assert(
        fc
          .asyncProperty(
            fc.array(arbitraryUnit, { minLength: 1, maxLength: 60 }),
            // Often one: what a worker remembers of lone units is outdated by what another commits, or a larger batch.
            fc.infiniteStream(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 }))),
            fc.infiniteStream(fc.nat(2)),
            async (raw, sizes, workers) => {
              const units = raw.map((unit) => checkUnit(unit));
              const together = await commitInBatches(whole.database, units, () => units.length);
              const nextSize = () => sizes.next().value as number;
              const divided = await commitInBatches(
                apart.database,
                units,
                nextSize,
                () => workers.next().value as number,
              );
              expect(printed(divided)).to.deep.equal(printed(together));
              expect(await snapshot(apart.database)).to.deep.equal(await snapshot(whole.database));
            },
          )
          .afterEach(() => Promise.all([clear(whole.database), clear(apart.database)]).then(() => undefined)),
        { numRuns: RUNS[dialect] },
      );
      await Promise.all([whole.close(), apart.close()]);
    });
  }
});

async function commitInBatches(
  database: Database,
  units: CheckedUnit[],
  nextSize: () => number,
  nextWorker = () => 0,
): Promise<UnitResult[]> {
  const committers = [0, 1, 2].map(() => new Committer(database, { now: () => new Date(Date.UTC(2026, 1, 1)) }));
  const results: UnitResult[] = [];
  for (let done = 0; done < units.length; ) {
    const batch = units.slice(done, done + nextSize());
    results.push(...(await (committers[nextWorker()] as Committer).commit(batch)));
    done += batch.length;
  }
  return results;
}

/** Outcomes as a bot sees them. Ids are numbered in order of appearance, since sequences may leave gaps. */
function printed(results: UnitResult[]): unknown[] {
  const seen: Record<string, number[]> = { subscriptionId: [], trainingId: [] };
  return JSON.parse(JSON.stringify(results.map(withReason)), (name, value) => {
    const ids = seen[name];
    if (!ids) return value;
    if (!ids.includes(value)) ids.push(value);
    return ids.indexOf(value);
  });
}

const withReason = (result: UnitResult) => (result.status === 'failed' ? { failed: String(result.error) } : result);

async function clear({ sequelize }: Database): Promise<void> {
  for (const table of ['payments', 'users', 'promocodes', 'idempotency_keys', 'deleted_users']) {
    await sequelize.query(`DELETE FROM ${table}`);
  }
}
