import { expect } from 'chai';
import { defaultTariffs, grantOf, type Tariffs, tariffTable } from '../../src/domain/tariffs.js';

describe('what a tariff grants', () => {
  const granted = (name: string, tariffs: Tariffs = defaultTariffs) => grantOf(tariffs, name);

  it('is 30 days for month and 365 for year', () => {
    expect(granted('month')).to.deep.equal({ type: 'MONTH', durationDays: 30, credits: 0 });
    expect(granted('year')).to.deep.equal({ type: 'YEAR', durationDays: 365, credits: 0 });
  });

  for (const credits of [1, 5, 10, 1_000_000]) {
    it(`is ${credits} credits for credits_${credits}, without being listed`, () => {
      expect(granted(`credits_${credits}`)).to.deep.equal({ type: 'CREDITS', credits });
      expect(granted(`credits_${credits}`, {})).to.deep.equal({ type: 'CREDITS', credits });
    });
  }

  for (const name of [
    'credits_0',
    'credits_-5',
    'credits_05',
    'credits_1.5',
    'credits_1e3',
    'credits_1000001',
    'credits_9999999',
    'credits_99999999999999999999',
    'credits_',
    'credits_5 ',
    'credits_5\n',
    'credits_٥',
    'CREDITS_5',
    'Month',
    'week',
    '',
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
  ]) {
    it(`is nothing for ${JSON.stringify(name)}, which nobody knows`, () => {
      expect(granted(name)).to.equal(undefined);
    });
  }

  it('is what the installation says, also for names of its own and for those known without being listed', () => {
    const tariffs = tariffTable.parse({
      неделя: { type: 'MONTH', durationDays: 7 },
      constructor: { type: 'CREDITS', credits: 3 },
      credits_5: { type: 'CREDITS', credits: 6 },
    });
    expect(granted('неделя', tariffs)).to.include({ type: 'MONTH', durationDays: 7 });
    expect(granted('constructor', tariffs)).to.include({ type: 'CREDITS', credits: 3 });
    expect(granted('credits_5', tariffs)).to.include({ credits: 6 });
    expect(granted('month', tariffs)).to.equal(undefined);
  });
});

describe('a table of tariffs', () => {
  for (const [what, table] of [
    ['days without an end', { month: { type: 'MONTH' } }],
    ['no days', { month: { type: 'MONTH', durationDays: 0 } }],
    ['a fraction of a day', { month: { type: 'MONTH', durationDays: 0.5 } }],
    ['a century', { month: { type: 'YEAR', durationDays: 36_500 } }],
    ['credits for a month', { month: { type: 'MONTH', durationDays: 30, credits: 5 } }],
    ['no credits', { five: { type: 'CREDITS', credits: 0 } }],
    ['an unknown type', { week: { type: 'WEEK', durationDays: 7 } }],
    ['a number', { month: 30 }],
    ['no name', { '': { type: 'MONTH', durationDays: 30 } }],
  ] as const) {
    it(`does not hold ${what}`, () => {
      expect(tariffTable.safeParse(table).success).to.equal(false);
    });
  }
});
