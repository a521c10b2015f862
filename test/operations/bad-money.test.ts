import { expect } from 'chai';
import type { PaymentRow } from '../../src/domain/rows.js';
import { checkUnit } from '../../src/operations/unit.js';
import { apply, MemoryRows } from '../helpers/memory-rows.js';
import { refusal } from '../helpers/refusal.js';

const payment = { provider: 'yookassa', paymentId: 'p-1', amount: '990', status: 'PENDING', tariff: 'month' } as const;

const problemsOf = (given: object) => {
  const operations = [{ name: 'recordPayment', telegramId: 1, ...payment, ...given }];
  return refusal(() => checkUnit({ bot: 'spin_bot', key: 'upd-1', at: 1, operations })).join('; ');
};

function recorded(given: object): PaymentRow | undefined {
  const rows = new MemoryRows();
  apply(rows, 'recordPayment', { ...payment, ...given });
  return rows.stored.payments[0];
}

describe('An amount of money', () => {
  for (const [text, amount] of [
    ['990', '990.00'],
    ['0.1', '0.10'],
    ['0', '0.00'],
    ['0.01', '0.01'],
    ['12345678.90', '12345678.90'],
    ['99999999.99', '99999999.99'],
    ['00000990.5', '990.50'],
  ] as const) {
    it(`of "${text}" is ${amount}`, () => {
      expect(recorded({ amount: text })?.amount).to.equal(amount);
    });
  }

  for (const amount of [
    '-1',
    '-0.01',
    '+1',
    '0.001',
    '10.999',
    '1e3',
    '1,50',
    '1 000',
    ' 1',
    '1\n',
    '.5',
    '5.',
    '',
    '100000000',
    '000000000',
    '123456789012.00',
    '0x10',
    'NaN',
    'Infinity',
    '٥',
    '990 ₽',
  ]) {
    it(`is not ${JSON.stringify(amount)}`, () => {
      expect(problemsOf({ amount })).to.equal(
        'recordPayment.amount: expected an amount like "1490.00", not negative, as text',
      );
    });
  }

  for (const amount of [990, 0.1, -1, Number.NaN, 10n, null, undefined, ['990'], { value: '990' }]) {
    it(`is text, so that no cent is lost: not ${typeof amount} ${String(amount)}`, () => {
      expect(problemsOf({ amount })).to.match(/^recordPayment\.amount: expected string, received /);
    });
  }
});

describe('A currency', () => {
  it('is RUB unless told otherwise', () => {
    expect(recorded({})?.currency).to.equal('RUB');
    expect(recorded({ currency: 'XTR' })?.currency).to.equal('XTR');
  });

  for (const currency of ['rub', '', 'RU', 'R B', '₽', 'RUBLES123', 'ABCDEFGHI', 'РУБ', 643, null]) {
    it(`is not ${JSON.stringify(currency)}`, () => {
      expect(problemsOf({ currency })).to.match(/^recordPayment\.currency: expected /);
    });
  }
});

describe('A payment', () => {
  it('has a provider, an id, a status and a tariff', () => {
    for (const [field, value] of [
      ['provider', ''],
      ['provider', 'x'.repeat(65)],
      ['paymentId', ''],
      ['paymentId', 12_345],
      ['paymentId', 'x'.repeat(256)],
      ['status', 'completed'],
      ['status', 'CANCELLED'],
      ['tariff', ''],
      ['tariff', undefined],
      ['description', 'x'.repeat(1_001)],
      ['metadata', []],
      ['metadata', { at: new Date(0) }],
    ] as const) {
      expect(problemsOf({ [field]: value }), field).to.match(new RegExp(`^recordPayment\\.${field}`));
    }
  });

  it('is described in up to 1,000 characters', () => {
    expect(recorded({ description: 'Ж'.repeat(1_000) })?.description).to.have.lengthOf(1_000);
  });
});
