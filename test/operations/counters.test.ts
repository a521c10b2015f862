import { expect } from 'chai';
import { apply, MemoryRows } from '../helpers/memory-rows.js';

const levels = [
  { level: 1, minXp: 0 },
  { level: 4, minXp: 120 },
];

describe('addXp', () => {
  it('adds XP and answers where it leads', () => {
    const rows = new MemoryRows();
    apply(rows, 'addXp', { xp: 60 });
    const outcome = { leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 120 };
    expect(apply(rows, 'addXp', { xp: 60 })).to.deep.equal(outcome);
    expect(rows.user(1)).to.include({ totalXp: 120, level: 2 });
  });

  it("goes by the bot's own level table", () => {
    expect(apply(new MemoryRows(), 'addXp', { xp: 120, levels })).to.include({ oldLevel: 1, newLevel: 4 });
  });

  it('adds up what several bots give', () => {
    const rows = new MemoryRows();
    apply(rows, 'addXp', { xp: 60 }, { bot: 'spin_bot' });
    expect(apply(rows, 'addXp', { xp: 30 }, { bot: 'quiz_bot' })).to.include({ totalXp: 90 });
  });

  it('takes XP away, down to 0, and leaves the level', () => {
    const rows = new MemoryRows();
    apply(rows, 'addXp', { xp: 250 });
    const outcome = { leveledUp: false, oldLevel: 3, newLevel: 3, totalXp: 0 };
    expect(apply(rows, 'addXp', { xp: -300 })).to.deep.equal(outcome);
  });
});

describe('setLevel', () => {
  it('sets the level up or down, whatever the XP', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'setLevel', { level: 9 })).to.deep.equal({ oldLevel: 1, newLevel: 9 });
    expect(apply(rows, 'setLevel', { level: 2 })).to.deep.equal({ oldLevel: 9, newLevel: 2 });
    expect(rows.user(1)).to.include({ level: 2, totalXp: 0 });
  });
});

describe('addScore', () => {
  it('adds to the score, also less than nothing', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'addScore', { score: 185 })).to.deep.equal({ totalScore: 185 });
    expect(apply(rows, 'addScore', { score: -200 })).to.deep.equal({ totalScore: -15 });
    expect(rows.user(1)).to.include({ totalScore: -15, totalXp: 0 });
  });
});

describe('incrementTrainings', () => {
  it('counts one training, or as many as given', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'incrementTrainings', {})).to.deep.equal({ totalTrainings: 1 });
    expect(apply(rows, 'incrementTrainings', { by: 3 })).to.deep.equal({ totalTrainings: 4 });
    expect(rows.user(1)).to.include({ totalTrainings: 4 });
  });
});

describe('counters', () => {
  it('belong to one user each', () => {
    const rows = new MemoryRows();
    apply(rows, 'addXp', { xp: 60 }, { telegramId: 1 });
    apply(rows, 'addScore', { score: 7 }, { telegramId: -2 });
    expect(rows.user(1)).to.include({ totalXp: 60, totalScore: 0 });
    expect(rows.user(-2)).to.include({ totalXp: 0, totalScore: 7 });
  });
});
