import { expect } from 'chai';
import { checkUnit, type WireOperation } from '../../src/operations/unit.js';
import { apply, MemoryRows } from '../helpers/memory-rows.js';
import { refusal } from '../helpers/refusal.js';

const promocode = { code: 'NEWYEAR2025', type: 'TRAININGS', value: 3 } as const;

const problemsOf = (operation: WireOperation) =>
  refusal(() => checkUnit({ bot: 'spin_bot', key: 'upd-1', at: 1, operations: [operation] })).join('; ');
const ofPromocode = (given: object) => problemsOf({ name: 'createPromocode', ...promocode, ...given });

describe('A promocode', () => {
  for (const code of ['', '   ', 'A B', 'A+B', 'A\0B', '🎁', 'x'.repeat(65), "'; DROP", 5, null, undefined]) {
    it(`is not ${JSON.stringify(code)}`, () => {
      expect(ofPromocode({ code })).to.match(/^createPromocode\.code: expected /);
      expect(problemsOf({ name: 'redeemPromocode', telegramId: 1, code })).to.match(
        /^redeemPromocode\.code: expected /,
      );
    });
  }

  it('is at most 64 characters, also where upper case makes two of one', () => {
    expect(ofPromocode({ code: 'ß'.repeat(33) })).to.match(/^createPromocode\.code: expected 1 to 64 letters/);
  });

  it('grants something, a whole number of times, of a kind that there is', () => {
    for (const [field, values] of [
      ['value', [0, -1, 1.5, 1_000_001, '3', undefined]],
      ['maxUses', [0, -1, 1.5, 1_000_001, '3', null]],
      ['expiresAt', ['2026-01-15', 'tomorrow', 1_768_478_400_000, null]],
      ['type', ['MONTH', 'trainings', undefined]],
    ] as const) {
      for (const value of values) {
        expect(ofPromocode({ [field]: value }), `${field} ${value}`).to.match(
          new RegExp(`^createPromocode\\.${field}: `),
        );
      }
    }
  });

  it('grants at most ten years of months', () => {
    expect(ofPromocode({ type: 'FREE_MONTH', value: 121 })).to.equal('createPromocode.value: at most 120 months');
    expect(apply(new MemoryRows(), 'createPromocode', { ...promocode, type: 'FREE_MONTH', value: 120 })).to.include({
      created: true,
    });
  });

  it('belongs to nobody: creating one names no user', () => {
    expect(ofPromocode({ telegramId: 1 })).to.equal('createPromocode.telegramId: unknown field, remove it');
  });
});
