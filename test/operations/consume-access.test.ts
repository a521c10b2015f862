import { expect } from 'chai';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';

const refused = { granted: false, accessType: null, left: 0 };

const left = (rows: MemoryRows) => ({
  credits: rows.stored.subscriptions.map(({ creditsLeft }) => creditsLeft),
  free: rows.stored.freeTrainings.map(({ source, trainingsLeft }) => [source, trainingsLeft]),
});

describe('consumeAccess', () => {
  it('refuses who has nothing', () => {
    expect(apply(new MemoryRows(), 'consumeAccess', {})).to.deep.equal(refused);
  });

  it('uses up nothing while a subscription runs', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 2 });
    apply(rows, 'addFreeTrainings', { count: 2, source: 'CHANNEL' });
    apply(rows, 'createSubscription', { type: 'MONTH' });

    const outcome = { granted: true, accessType: 'subscription', left: null };
    expect(apply(rows, 'consumeAccess', {})).to.deep.equal(outcome);
    expect(left(rows)).to.deep.equal({ credits: [2, null], free: [['CHANNEL', 2]] });
  });

  it('does not let in by a subscription that is past its end, though it is still marked active', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'MONTH', durationDays: 1 });
    const lastMoment = new Date(days(1).getTime() - 1);
    expect(apply(rows, 'consumeAccess', {}, { at: lastMoment })).to.include({ granted: true });
    expect(apply(rows, 'consumeAccess', {}, { at: days(1) })).to.deep.equal(refused);
  });

  it('takes one credit each time, ends the credits with the last one, then refuses', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 2 });
    expect(apply(rows, 'consumeAccess', {})).to.deep.equal({ granted: true, accessType: 'credits', left: 1 });
    expect(rows.stored.subscriptions[0]).to.include({ creditsLeft: 1, isActive: true });
    expect(apply(rows, 'consumeAccess', {})).to.deep.equal({ granted: true, accessType: 'credits', left: 0 });
    expect(rows.stored.subscriptions[0]).to.include({ creditsLeft: 0, isActive: false, creditsTotal: 2 });
    expect(apply(rows, 'consumeAccess', {})).to.deep.equal(refused);
  });

  it('falls back to credits when the subscription has ended, and to free trainings after the credits', () => {
    const rows = new MemoryRows();
    apply(rows, 'createSubscription', { type: 'MONTH', durationDays: 1 });
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 1 });
    apply(rows, 'addFreeTrainings', { count: 1, source: 'ADMIN' });
    const types = [noon, days(1), days(1), days(1)].map((at) => apply(rows, 'consumeAccess', {}, { at }).accessType);
    expect(types).to.deep.equal(['subscription', 'credits', 'free_trainings', null]);
  });

  it('takes free trainings from the oldest source first, and never below 0', () => {
    const rows = new MemoryRows();
    apply(rows, 'addFreeTrainings', { count: 2, source: 'PROMOCODE' });
    apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL' }, { at: days(1) });
    const outcomes = [1, 2, 3, 4].map(() => apply(rows, 'consumeAccess', {}));
    expect(outcomes.map(({ granted, left }) => [granted, left])).to.deep.equal([
      [true, 1],
      [true, 0],
      [true, 0],
      [false, 0],
    ]);
    expect(left(rows).free).to.deep.equal([
      ['PROMOCODE', 0],
      ['CHANNEL', 0],
    ]);
  });

  it('takes nothing from another user', () => {
    const rows = new MemoryRows();
    apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL' }, { telegramId: 2 });
    expect(apply(rows, 'consumeAccess', {}, { telegramId: 1 })).to.deep.equal(refused);
  });
});
