import { expect } from 'chai';
import type { PayloadOf } from '../../src/operations/registry.js';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';

const create = (rows: MemoryRows, given: Partial<PayloadOf<'createPromocode'>> = {}, at = noon) =>
  apply(rows, 'createPromocode', { code: 'NEWYEAR2025', type: 'TRAININGS', value: 3, ...given }, { at });

const redeem = (rows: MemoryRows, code = 'NEWYEAR2025', telegramId = 1, at = noon) =>
  apply(rows, 'redeemPromocode', { code }, { telegramId, at });

const refused = (reason: string) => ({ redeemed: false, reason });

const uses = ({ stored }: MemoryRows) => [stored.promocodes[0]?.currentUses, stored.promocodeUsage.length];

/** Rows with one code, of trainings unless told otherwise. */
function rowsWith(given: Partial<PayloadOf<'createPromocode'>> = {}): MemoryRows {
  const rows = new MemoryRows();
  create(rows, given);
  return rows;
}

describe('createPromocode', () => {
  it('creates a code, unlimited and for ever unless told otherwise', () => {
    const rows = new MemoryRows();
    expect(create(rows)).to.deep.equal({ created: true });
    const unlimited = { maxUses: null, currentUses: 0, expiresAt: null, createdAt: noon };
    expect(rows.stored.promocodes).to.deep.equal([
      { id: 1, code: 'NEWYEAR2025', type: 'TRAININGS', value: 3, ...unlimited },
    ]);
  });

  it('keeps its limits', () => {
    const rows = rowsWith({ maxUses: 50, expiresAt: '2026-02-01T00:00:00+03:00' });
    expect(rows.stored.promocodes[0]).to.deep.include({ maxUses: 50, expiresAt: new Date('2026-01-31T21:00:00Z') });
  });

  it('leaves one that exists as it is, in whatever case it is written', () => {
    const rows = rowsWith({ maxUses: 1 });
    redeem(rows);
    const before = structuredClone(rows.stored.promocodes);
    for (const code of ['NEWYEAR2025', ' newyear2025\n', 'NewYear2025']) {
      expect(create(rows, { code, type: 'CREDITS', value: 9, maxUses: 100 })).to.deep.equal({ created: false });
    }
    expect(rows.stored.promocodes).to.deep.equal(before);
  });
});

describe('redeemPromocode', () => {
  it('grants trainings, on top of those from other codes', () => {
    const rows = rowsWith();
    create(rows, { code: 'SECOND', value: 2 });
    expect(redeem(rows)).to.deep.equal({ redeemed: true, granted: { type: 'TRAININGS', value: 3 } });
    redeem(rows, 'SECOND');
    expect(rows.stored.freeTrainings).to.have.lengthOf(1);
    expect(rows.stored.freeTrainings[0]).to.include({ source: 'PROMOCODE', trainingsLeft: 5 });
  });

  it('leaves the renewal of the subscription that it prolongs as it was', () => {
    for (const autoRenew of [true, false]) {
      const rows = rowsWith({ type: 'FREE_MONTH', value: 1 });
      apply(rows, 'createSubscription', { type: 'YEAR', autoRenew });
      redeem(rows);
      expect(rows.stored.subscriptions.at(-1)).to.include({ subscriptionType: 'MONTH', autoRenew });
    }
  });

  it('grants months of 30 days, on top of the subscription that runs', () => {
    const rows = rowsWith({ type: 'FREE_MONTH', value: 2 });
    apply(rows, 'createSubscription', { type: 'YEAR' });
    expect(redeem(rows)).to.deep.equal({ redeemed: true, granted: { type: 'FREE_MONTH', value: 2 } });
    const granted = { subscriptionType: 'MONTH', granted: 60, endDate: days(365 + 60) };
    expect(rows.stored.subscriptions.at(-1)).to.deep.include(granted);
  });

  it('grants credits, on top of those that are left', () => {
    const rows = rowsWith({ type: 'CREDITS', value: 4 });
    apply(rows, 'createSubscription', { type: 'CREDITS', credits: 2 });
    apply(rows, 'consumeAccess', {});
    expect(redeem(rows)).to.deep.equal({ redeemed: true, granted: { type: 'CREDITS', value: 4 } });
    expect(rows.stored.subscriptions.at(-1)).to.include({ granted: 4, creditsLeft: 5, creditsTotal: 5 });
  });

  for (const code of ['newyear2025', 'NewYear2025', '  NEWYEAR2025 ', '\tnewYEAR2025\n']) {
    it(`takes ${JSON.stringify(code)} for the same code`, () => {
      expect(redeem(rowsWith(), code)).to.include({ redeemed: true });
    });
  }

  it('knows no difference of case in Cyrillic either', () => {
    for (const [written, typed] of [
      ['Ёлка-2026', 'ёЛКА-2026'],
      ['ЩЕДРОСТЬ', 'щедрость'],
    ] as const) {
      expect(redeem(rowsWith({ code: written }), typed), typed).to.include({ redeemed: true });
    }
  });

  it('tells codes apart that only look alike', () => {
    expect(redeem(rowsWith({ code: 'COPE' }), 'СОРЕ')).to.deep.equal(refused('not_found'));
    expect(redeem(rowsWith({ code: 'ЕЛКА' }), 'ЁЛКА')).to.deep.equal(refused('not_found'));
    expect(redeem(rowsWith({ code: 'A-B' }), 'A_B')).to.deep.equal(refused('not_found'));
  });

  it('counts each use, and writes down whose it was', () => {
    const rows = rowsWith();
    redeem(rows, undefined, 1);
    redeem(rows, undefined, 2, days(1));
    expect(rows.stored.promocodes[0]?.currentUses).to.equal(2);
    expect(rows.stored.promocodeUsage.map(({ userId, usedAt }) => [userId, usedAt])).to.deep.equal([
      [rows.user(1).id, noon],
      [rows.user(2).id, days(1)],
    ]);
  });

  it('refuses a code that nobody knows, and creates nothing', () => {
    const rows = rowsWith();
    expect(redeem(rows, 'NEWYEAR2026')).to.deep.equal(refused('not_found'));
    expect(uses(rows)).to.deep.equal([0, 0]);
    expect(rows.stored.freeTrainings).to.deep.equal([]);
  });

  it('refuses a user who had it already, and grants nothing again', () => {
    const rows = rowsWith();
    redeem(rows);
    expect(redeem(rows, 'newyear2025', 1, days(5))).to.deep.equal(refused('already_used'));
    expect(uses(rows)).to.deep.equal([1, 1]);
    expect(rows.stored.freeTrainings[0]).to.include({ trainingsLeft: 3 });
  });

  it('refuses an expired one, from its last moment on', () => {
    const rows = rowsWith({ expiresAt: days(1) });
    expect(redeem(rows, undefined, 1, days(1))).to.deep.equal(refused('expired'));
    expect(redeem(rows, undefined, 1, new Date(days(1).getTime() - 1))).to.include({ redeemed: true });
  });

  it('refuses one that was used as often as it may be', () => {
    const rows = rowsWith({ maxUses: 2 });
    expect([1, 2, 3].map((user) => redeem(rows, undefined, user).redeemed)).to.deep.equal([true, true, false]);
    expect(redeem(rows, undefined, 4)).to.deep.equal(refused('exhausted'));
    expect(uses(rows)).to.deep.equal([2, 2]);
  });

  it('tells the reason that concerns the user most: that they had it, then that it expired', () => {
    const rows = rowsWith({ maxUses: 1, expiresAt: days(1) });
    redeem(rows);
    expect(redeem(rows, undefined, 1, days(2))).to.deep.equal(refused('already_used'));
    expect(redeem(rows, undefined, 2, days(2))).to.deep.equal(refused('expired'));
    expect(redeem(rows, undefined, 2, noon)).to.deep.equal(refused('exhausted'));
  });
});
