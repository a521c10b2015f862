import { expect } from 'chai';
import { apply, MemoryRows } from '../helpers/memory-rows.js';

describe('touchUser', () => {
  it('creates who is not known, with the names given', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'touchUser', { username: 'ann', firstName: 'Ann' })).to.deep.equal({ created: true });
    expect(rows.user(1)).to.include({ username: 'ann', firstName: 'Ann', lastName: null });
  });

  it('says that a user was there before', () => {
    const rows = new MemoryRows();
    apply(rows, 'addXp', { xp: 1 });
    expect(apply(rows, 'touchUser', {})).to.deep.equal({ created: false });
  });

  it('overwrites what is given and leaves what is not', () => {
    const rows = new MemoryRows();
    apply(rows, 'touchUser', { username: 'ann', firstName: 'Ann', lastName: 'Lee' });
    apply(rows, 'touchUser', { firstName: 'Anna' });
    expect(rows.user(1)).to.include({ username: 'ann', firstName: 'Anna', lastName: 'Lee' });
  });

  it('takes a name away with null', () => {
    const rows = new MemoryRows();
    apply(rows, 'touchUser', { username: 'ann', firstName: 'Ann', lastName: 'Lee' });
    apply(rows, 'touchUser', { username: null, lastName: null });
    expect(rows.user(1)).to.include({ username: null, firstName: 'Ann', lastName: null });
  });
});
