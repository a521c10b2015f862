import { expect } from 'chai';
import { checkUnit, type WireOperation } from '../../src/operations/unit.js';
import { apply, MemoryRows } from '../helpers/memory-rows.js';
import { refusal } from '../helpers/refusal.js';

describe('deleteUser', () => {
  const deletion = { name: 'deleteUser', telegramId: 1 };
  const unitOf = (...operations: WireOperation[]) => ({ bot: 'spin_bot', key: 'upd-1', at: 1, operations });

  it('must be alone in its unit', () => {
    const other = { name: 'addXp', telegramId: 1, xp: 5 };
    for (const operations of [
      [deletion, other],
      [other, deletion],
      [deletion, { ...deletion, telegramId: 2 }],
    ]) {
      expect(refusal(() => checkUnit(unitOf(...operations)))[0]).to.match(
        /^operations\[[01]\] deleteUser: must be the only operation of its unit$/,
      );
    }
    expect(checkUnit(unitOf(deletion)).operations).to.have.lengthOf(1);
  });

  it('takes no options, so that none is ignored', () => {
    expect(refusal(() => checkUnit(unitOf({ ...deletion, keepPayments: false }))).join()).to.equal(
      'deleteUser.keepPayments: unknown field, remove it',
    );
  });

  it('says whether there was anyone to delete', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'deleteUser', {})).to.deep.equal({ deleted: false });
    apply(rows, 'addXp', { xp: 5 });
    expect(apply(rows, 'deleteUser', {})).to.deep.equal({ deleted: true });
  });
});
