import { expect } from 'chai';
import { decimalOf, goods, invoiceOf, paymentOf, problemOf, type Tariff } from '../../examples/shared/shop.js';
import { defaultTariffs, grantOf } from '../../src/domain/tariffs.js';

describe('examples/shared/shop.ts', () => {
  it('turns minor units into a decimal', () => {
    for (const [minorUnits, currency, decimal] of [
      [49_000, 'RUB', '490.00'],
      [5, 'USD', '0.05'],
      [100, 'EUR', '1.00'],
      [49_000, 'JPY', '49000'],
      [250, 'XTR', '250'],
      [99_999_999_99, 'RUB', '99999999.99'],
    ] as const) {
      expect(decimalOf(minorUnits, currency)).to.equal(decimal);
    }
    expect(() => decimalOf(1, 'KWD')).to.throw('KWD: unknown currency');
  });

  it('sells what the ledger knows, for what it says at the checkout', () => {
    for (const tariff of Object.keys(goods) as Tariff[]) {
      const { payload, currency, prices } = invoiceOf(tariff);
      const checkout = { invoice_payload: payload, currency, total_amount: prices[0]?.amount ?? 0 };
      expect(grantOf(defaultTariffs, payload), payload).to.be.an('object');
      expect(problemOf(checkout)).to.equal(undefined);
      expect(problemOf({ ...checkout, total_amount: checkout.total_amount - 1 })).to.be.a('string');
      expect(problemOf({ ...checkout, currency: 'USD' })).to.be.a('string');
    }
  });

  it('records a renewal until the moment that Telegram names', () => {
    const charge = {
      currency: 'XTR',
      total_amount: 250,
      invoice_payload: 'month',
      telegram_payment_charge_id: 'charge-1',
      subscription_expiration_date: 1_800_000_000,
    };
    expect(paymentOf(charge, 'COMPLETED')).to.deep.equal({
      provider: 'telegram',
      paymentId: 'charge-1',
      amount: '250',
      currency: 'XTR',
      status: 'COMPLETED',
      tariff: 'month',
      paidUntil: new Date('2027-01-15T08:00:00Z'),
    });
  });
});
