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
    it(`in tables and outcomes, for batches of any size, on ${dialect}`, async function () {
      this.timeout(120_000);
      const [singly, batched] = await Promise.all([freshDatabase(dialect), freshDatabase(dialect)]);
      await fc.assert(
        fc
          .asyncProperty(
            fc.array(arbitraryUnit, { minLength: 1, maxLength: 60 }),
            fc.infiniteStream(fc.integer({ min: 1, max: 20 })),
            async (raw, sizes) => {
              const units = raw.map((unit) => checkUnit(unit));
              const one = await commitInBatches(singly.database, units, () => 1);
              const many = await commitInBatches(batched.database, units, () => sizes.next().value as number);
              expect(printed(many)).to.deep.equal(printed(one));
              expect(await snapshot(batched.database)).to.deep.equal(await snapshot(singly.database));
            },
          )
          .afterEach(() => Promise.all([clear(singly.database), clear(batched.database)]).then(() => undefined)),
        { numRuns: RUNS[dialect] },
      );
      await Promise.all([singly.close(), batched.close()]);
    });
  }
});

async function commitInBatches(
  database: Database,
  units: CheckedUnit[],
  nextSize: () => number,
): Promise<UnitResult[]> {
  const committer = new Committer(database, { now: () => new Date(Date.UTC(2026, 1, 1)) });
  const results: UnitResult[] = [];
  for (let done = 0; done < units.length; ) {
    const batch = units.slice(done, done + nextSize());
    results.push(...(await committer.commit(batch)));
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
