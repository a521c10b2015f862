import { expect } from 'chai';
import { apply, MemoryRows } from '../helpers/memory-rows.js';

describe('addFreeTrainings', () => {
  it('adds to what is left from that source', () => {
    const rows = new MemoryRows();
    const first = apply(rows, 'addFreeTrainings', { count: 3, source: 'CHANNEL' });
    expect(first).to.deep.equal({ added: true, trainingsLeft: 3 });
    const second = apply(rows, 'addFreeTrainings', { count: 2, source: 'CHANNEL' });
    expect(second).to.deep.equal({ added: true, trainingsLeft: 5 });
    expect(rows.stored.freeTrainings).to.have.lengthOf(1);
  });

  it('keeps one count per source', () => {
    const rows = new MemoryRows();
    apply(rows, 'addFreeTrainings', { count: 3, source: 'CHANNEL' });
    const admin = apply(rows, 'addFreeTrainings', { count: 2, source: 'ADMIN' });
    expect(admin).to.deep.equal({ added: true, trainingsLeft: 2 });
    expect(rows.stored.freeTrainings).to.have.lengthOf(2);
  });

  it('once: refuses a second grant from that source, also when the first is used up', () => {
    const rows = new MemoryRows();
    apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL', once: true });
    const again = apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL', once: true });
    expect(again).to.deep.equal({ added: false, trainingsLeft: 1 });

    apply(rows, 'consumeAccess', {});
    const usedUp = apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL', once: true });
    expect(usedUp).to.deep.equal({ added: false, trainingsLeft: 0 });
  });

  it('once: grants from another source and to another user', () => {
    const rows = new MemoryRows();
    apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL', once: true });
    const promocode = apply(rows, 'addFreeTrainings', { count: 1, source: 'PROMOCODE', once: true });
    const other = apply(rows, 'addFreeTrainings', { count: 1, source: 'CHANNEL', once: true }, { telegramId: 2 });
    expect([promocode, other]).to.deep.equal([
      { added: true, trainingsLeft: 1 },
      { added: true, trainingsLeft: 1 },
    ]);
  });
});
