import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import type { Cases } from './cases/case.js';
import { examples } from './cases/examples.js';
import { modelCases } from './cases/models.js';
import { repositories } from './cases/repositories.js';
import { rules } from './cases/rules.js';
import { service } from './cases/service.js';
import { setUpCases } from './cases/set-up.js';
import { type Fleet, startFleet } from './fleet.js';
import { tables } from './markdown.js';
import { fromPython } from './programs.js';
import { seedCounts, seedNames } from './seed-names.js';

const cases: Cases = { ...setUpCases, ...service, ...repositories, ...modelCases, ...rules, ...examples };

/** A row of a table: what is old, by its name alone, and what is new. */
const documented = tables(fromPython).map(({ heading, rows }) => ({
  heading,
  rows: rows.map(([old = '', replacement = '']) => ({ name: nameOf(old), replacement })),
}));

/** `add_xp(telegram_id, xp)` is known as `add_xp`. */
function nameOf(cell: string): string {
  return (/^`([^`]+)`$/.exec(cell)?.[1] ?? `not in backticks: ${cell}`).replace(/\(.*| for a new database$/, '');
}

const namesUnder = (heading: string) =>
  documented.find((table) => table.heading === heading)?.rows.map(({ name }) => name);

describe('docs/from-python.md', function () {
  this.timeout(60_000);
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.close());

  it('has a case for each row, and a row for each case', () => {
    const inCases = Object.entries(cases).map(([heading, rows]) => [heading, Object.keys(rows)]);
    const inDocument = documented.map(({ heading, rows }) => [heading, rows.map(({ name }) => name)]);
    const sorted = (pairs: unknown[][]) =>
      Object.fromEntries(pairs.map(([heading, names]) => [heading, [...(names as string[])].sort()]));
    expect(sorted(inCases)).to.deep.equal(sorted(inDocument));
  });

  for (const [heading, names] of Object.entries(seedNames)) {
    it(`misses no name of the old module under ${heading}`, () => {
      expect(namesUnder(heading)).to.include.members(names.split(/\s+/));
    });
  }

  it('misses no step, example or question of the old module', () => {
    for (const [heading, count] of Object.entries(seedCounts)) expect(namesUnder(heading)).to.have.lengthOf(count);
  });

  for (const { heading, rows } of documented) {
    describe(heading, () => {
      for (const { name, replacement } of rows) {
        it(name, async () => {
          fleet.called.clear();
          await cases[heading]?.[name]?.(fleet, replacement);
          for (const [, method = ''] of replacement.matchAll(/ledger\.(\w+)\(/g)) {
            expect(BotLedger.prototype, 'the SDK').to.have.property(method);
            if (method !== 'close') expect([...fleet.called], 'what the case called').to.include(method);
          }
        });
      }
    });
  }
});
