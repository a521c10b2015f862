import { expect } from 'chai';
import fc from 'fast-check';
import { gainXp, levelFor } from '../../src/domain/levels.js';
import { MemoryRows } from '../helpers/memory-rows.js';

const table = [
  { level: 3, minXp: 250 },
  { level: 1, minXp: 0 },
  { level: 7, minXp: 600 },
];

function userWith(totalXp: number, level: number) {
  const user = new MemoryRows().user(1);
  return Object.assign(user, { totalXp, level });
}

describe('the level of a number of XP', () => {
  for (const [xp, level] of [
    [0, 1],
    [99, 1],
    [100, 2],
    [199, 2],
    [9_899, 99],
    [9_900, 100],
    [1_000_000, 100],
  ] as const) {
    it(`is ${level} at ${xp} XP without a table`, () => {
      expect(levelFor(xp)).to.equal(level);
    });
  }

  for (const [xp, level] of [
    [0, 1],
    [249, 1],
    [250, 3],
    [599, 3],
    [600, 7],
    [1_000_000, 7],
  ] as const) {
    it(`is ${level} at ${xp} XP by the bot's own table, in whatever order it stands`, () => {
      expect(levelFor(xp, table)).to.equal(level);
      expect(levelFor(xp, [...table].reverse())).to.equal(level);
    });
  }

  it('is the highest one reached, also when a higher level asks for less XP', () => {
    const odd = [
      { level: 9, minXp: 10 },
      { level: 2, minXp: 20 },
    ];
    expect(levelFor(30, odd)).to.equal(9);
  });

  it('is 1 when no step of the table is reached', () => {
    expect(levelFor(4, [{ level: 5, minXp: 5 }])).to.equal(1);
  });
});

describe('gaining XP', () => {
  it('answers the new total and the level it reaches', () => {
    const user = userWith(50, 1);
    expect(gainXp(user, 150)).to.deep.equal({ leveledUp: true, oldLevel: 1, newLevel: 3, totalXp: 200 });
    expect(user).to.include({ totalXp: 200, level: 3 });
  });

  it('may climb several levels at once by the table given', () => {
    expect(gainXp(userWith(0, 1), 600, table)).to.include({ leveledUp: true, oldLevel: 1, newLevel: 7 });
  });

  it('leaves the level where no new one is reached', () => {
    expect(gainXp(userWith(100, 2), 99)).to.deep.equal({ leveledUp: false, oldLevel: 2, newLevel: 2, totalXp: 199 });
  });

  it('never lowers a level: not by losing XP, not by a sterner table, not below one that was set', () => {
    expect(gainXp(userWith(300, 4), -250)).to.deep.equal({ leveledUp: false, oldLevel: 4, newLevel: 4, totalXp: 50 });
    expect(gainXp(userWith(300, 4), 5, table)).to.include({ leveledUp: false, newLevel: 4 });
    expect(gainXp(userWith(0, 50), 150)).to.include({ leveledUp: false, newLevel: 50 });
  });

  it('never leaves less than 0 XP', () => {
    expect(gainXp(userWith(10, 1), -11)).to.include({ totalXp: 0 });
    expect(gainXp(userWith(10, 1), -10)).to.include({ totalXp: 0 });
  });

  it('stops at the largest safe integer instead of losing count', () => {
    expect(gainXp(userWith(Number.MAX_SAFE_INTEGER - 1, 1), 5).totalXp).to.equal(Number.MAX_SAFE_INTEGER);
  });

  it('keeps these promises whatever is gained and lost', () => {
    const step = fc.record({ level: fc.integer({ min: 1, max: 50 }), minXp: fc.integer({ min: 0, max: 5_000 }) });
    const gain = fc.record({
      xp: fc.integer({ min: -2_000, max: 2_000 }),
      levels: fc.option(fc.array(step), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(gain), (gains) => {
        const user = userWith(0, 1);
        let total = 0;
        for (const { xp, levels } of gains) {
          const before = user.level;
          const { totalXp, oldLevel, newLevel, leveledUp } = gainXp(user, xp, levels);
          total = Math.max(0, total + xp);
          expect(totalXp).to.equal(total);
          expect(oldLevel).to.equal(before);
          expect(newLevel).to.equal(Math.max(before, levelFor(total, levels)));
          expect(leveledUp).to.equal(newLevel > oldLevel);
        }
      }),
    );
  });
});
