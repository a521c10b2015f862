import { expect } from 'chai';
import fc from 'fast-check';
import { ValidationError } from '../../src/errors.js';
import { operationNames } from '../../src/operations/registry.js';
import { checkUnit, jobName, readJob } from '../../src/operations/unit.js';
import { arbitraryUnit } from '../helpers/arbitrary.js';
import { refusal } from '../helpers/refusal.js';

const addXp = { name: 'addXp', telegramId: 1, xp: 5 };
const wire = { bot: 'spin_bot', key: 'upd-1', at: 1_768_478_400_000, operations: [addXp] };

describe('a unit', () => {
  it('that fits comes back checked, with its defaults filled in', () => {
    const operations = [{ name: 'incrementTrainings', telegramId: -100_123 }, addXp];
    const checked = checkUnit({ ...wire, operations });
    expect(checked).to.include({ bot: 'spin_bot', key: 'upd-1', bytes: JSON.stringify(operations).length });
    expect(checked.at).to.deep.equal(new Date('2026-01-15T12:00:00.000Z'));
    expect(checked.operations.map(({ operation, telegramId }) => [operation.name, telegramId])).to.deep.equal([
      ['incrementTrainings', -100_123],
      ['addXp', 1],
    ]);
    expect(checked.operations[0]?.payload).to.include({ by: 1 });
    expect(checked.operations[1]?.payload).to.include({ xp: 5 });
  });

  it('may hold up to 100 operations', () => {
    expect(checkUnit({ ...wire, operations: Array(100).fill(addXp) }).operations).to.have.lengthOf(100);
    const problems = refusal(() => checkUnit({ ...wire, operations: Array(101).fill(addXp) }));
    expect(problems.join()).to.match(/^unit\.operations: too big.*100/);
  });

  it('is measured in bytes of JSON, against the limit given', () => {
    const unitOf = (session: object) => ({ ...wire, operations: [{ name: 'saveSession', telegramId: 1, session }] });
    const { bytes } = checkUnit(unitOf({ text: 'Ж'.repeat(100) }));
    expect(bytes).to.equal(Buffer.byteLength(JSON.stringify(unitOf({ text: 'Ж'.repeat(100) }).operations)));
    expect(checkUnit(unitOf({ text: 'Ж'.repeat(100) }), bytes).bytes).to.equal(bytes);
    const problems = refusal(() => checkUnit(unitOf({ text: 'Ж'.repeat(100) }), bytes - 1));
    expect(problems.join()).to.match(
      new RegExp(`^operations: ${bytes} bytes .* ${bytes - 1}: store less, or split it`),
    );
  });

  it('of anything but the right shape is a ValidationError, never a crash', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
    const operation = fc.dictionary(fc.string(), anything).chain((fields) =>
      fc
        .record({
          name: fc.oneof(fc.constantFrom(...operationNames, 'constructor', '__proto__'), anything),
          telegramId: fc.oneof(fc.integer(), anything),
          rest: fc.record({ session: anything, xp: anything, levels: anything, type: anything }, { requiredKeys: [] }),
        })
        .map(({ rest, ...known }) => ({ ...fields, ...rest, ...known })),
    );
    const unit = fc.record({
      bot: fc.constant('b'),
      key: fc.constant('k'),
      at: fc.nat(),
      operations: fc.array(operation),
    });
    const raw = fc.oneof(
      fc.jsonValue(),
      fc.object(),
      anything,
      unit,
      fc.jsonValue().map((operations) => ({ ...wire, operations })),
    );
    fc.assert(
      fc.property(raw, (value) => {
        for (const check of [checkUnit, readJob]) {
          try {
            check(value);
          } catch (error) {
            expect(error).to.be.instanceOf(ValidationError);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a unit's content hash", () => {
  const hashOf = (unit: object) => checkUnit({ ...wire, ...unit }).contentHash;

  it('is 22 characters', () => {
    expect(hashOf({})).to.match(/^[\w-]{22}$/);
  });

  it('does not depend on the order of fields, at any depth', () => {
    const session = { a: 1, b: { c: [{ d: 1, e: 2 }], f: 3 } };
    const turned = { b: { f: 3, c: [{ e: 2, d: 1 }] }, a: 1 };
    expect(hashOf({ operations: [{ name: 'saveSession', telegramId: 1, session }] })).to.equal(
      hashOf({ operations: [{ session: turned, telegramId: 1, name: 'saveSession' }] }),
    );
  });

  it('does not depend on when the unit was made, so that a retry is the same unit', () => {
    expect(hashOf({ at: 1 })).to.equal(hashOf({ at: 2 }));
  });

  it('does not depend on the way over Redis', () => {
    fc.assert(
      fc.property(arbitraryUnit, (unit) => {
        expect(hashOf(JSON.parse(JSON.stringify(unit)))).to.equal(hashOf(unit));
      }),
    );
    const session = { gone: undefined, zero: -0 };
    const operations = [{ name: 'saveSession', telegramId: 1, session, stats: undefined }];
    expect(hashOf(JSON.parse(JSON.stringify({ operations })))).to.equal(hashOf({ operations }));
  });

  it('depends on every value, on the user, and on the order of operations and of lists', () => {
    const list = (values: number[]) => ({ name: 'saveSession', telegramId: 1, session: { values } });
    const different = [
      [addXp],
      [{ ...addXp, xp: 6 }],
      [{ ...addXp, telegramId: 2 }],
      [{ ...addXp, name: 'addScore', score: 5, xp: undefined }],
      [addXp, { ...addXp, xp: 6 }],
      [{ ...addXp, xp: 6 }, addXp],
      [list([1, 2])],
      [list([2, 1])],
    ];
    const hashes = different.map((operations) =>
      hashOf({ operations: operations.map((operation) => JSON.parse(JSON.stringify(operation))) }),
    );
    expect(new Set(hashes).size).to.equal(different.length);
  });
});

describe("a job's data", () => {
  it('is { v: 1, units: [...] }, and its units are read out unchecked', () => {
    expect(readJob({ v: 1, units: [wire, null] })).to.deep.equal([wire, null]);
  });

  for (const [what, data, problem] of [
    ['null', null, /^job: expected object, received null/],
    ['text', 'addXp', /^job: expected object, received string/],
    ['a list', [wire], /^job: expected object, received array/],
    ['a unit without its job', wire, /job\.v: .*1/],
    ['of another version', { v: 2, units: [wire] }, /^job\.v: expected 1/],
    ['without units', { v: 1 }, /^job\.units: expected array/],
    ['with no unit', { v: 1, units: [] }, /^job\.units: too small/],
    ['with too many units', { v: 1, units: Array(10_001).fill(null) }, /^job\.units: too big.*10000/],
    ['with more beside it', { v: 1, units: [wire], extra: 1 }, /^job\.extra: unknown field, remove it/],
  ] as const) {
    it(`is refused when it is ${what}`, () => {
      expect(refusal(() => readJob(data)).join('; ')).to.match(problem);
    });
  }
});

describe("a job's name", () => {
  const unitOf = (...names: string[]) => ({ operations: names.map((name) => ({ name, telegramId: 1 })) });

  it('is the names of its operations', () => {
    expect(jobName([unitOf('addXp')])).to.equal('addXp');
    expect(jobName([unitOf('saveSession', 'addXp', 'addXp')])).to.equal('saveSession+addXp+addXp');
  });

  it('tells how many units a pack has', () => {
    expect(jobName([unitOf('addXp'), unitOf('addScore')])).to.equal('pack ×2');
  });

  it('is cut where it becomes too long to read', () => {
    const name = jobName([unitOf(...Array(100).fill('incrementTrainings'))]);
    expect(name)
      .to.have.lengthOf(80)
      .and.match(/^incrementTrainings\+.*…$/);
  });
});
