import { expect } from 'chai';
import type { BotLedger, OperationName, OutcomeOf, PayloadOf, UnitMethods } from '../../src/index.js';

/** Nothing here runs: the compiler checks it, and an error that it does not find is an error too. */
async function compileOnly(ledger: BotLedger, operations: UnitMethods): Promise<void> {
  await ledger.addXp(1, { xp: 5 });
  await ledger.addXp(1, { xp: 5, levels: [{ level: 2, minXp: 100 }] }, { key: 'upd-1' });
  await ledger.consumeAccess(1);
  await ledger.consumeAccess(1, {}, { key: 'training-1' });
  await ledger.incrementTrainings(1, undefined, { key: 'training-1' });
  await ledger.saveSession(1, { session: { any: ['json', 1, null] } });

  // @ts-expect-error the payload is missing
  await ledger.addXp(1);
  // @ts-expect-error a field is missing
  await ledger.addXp(1, {});
  // @ts-expect-error XP are a number
  await ledger.addXp(1, { xp: '5' });
  // @ts-expect-error there is no such field
  await ledger.addXp(1, { xp: 5, reason: 'won' });
  // @ts-expect-error Telegram ids are numbers
  await ledger.addXp('1', { xp: 5 });
  // @ts-expect-error there is no such operation
  await ledger.addXP(1, { xp: 5 });
  // @ts-expect-error there is no such type
  await ledger.createSubscription(1, { type: 'WEEK' });
  // @ts-expect-error there is no such source
  await ledger.addFreeTrainings(1, { count: 1, source: 'FRIEND' });
  // @ts-expect-error the key stands in the options, after the payload
  await ledger.consumeAccess(1, { key: 'training-1' });
  // @ts-expect-error a session is an object
  await ledger.saveSession(1, { session: 'text' });
  // @ts-expect-error inside a unit an operation takes no key: the unit has it
  operations.addXp(1, { xp: 5 }, { key: 'upd-1' });
  // @ts-expect-error inside a unit payloads are checked as well
  operations.addXp(1, { xp: '5' });
  // @ts-expect-error a unit takes its options first
  await ledger.unit((unit) => unit.addXp(1, { xp: 5 }));

  const outcome = await (await ledger.addXp(1, { xp: 5 })).result();
  const total: number = outcome.totalXp;
  // @ts-expect-error there is no such outcome
  outcome.xp;
  const { earnedAt } = await (await ledger.awardBadge(1, { badgeType: 'guru' })).result();
  const text: string = earnedAt;
  // @ts-expect-error moments arrive as text
  const moment: Date = earnedAt;
  void [total, text, moment];
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const facts: true[] = [
  true satisfies Equal<OutcomeOf<'addScore'>, { totalScore: number }>,
  true satisfies Equal<OutcomeOf<'consumeAccess'>['left'], number | null>,
  true satisfies Equal<OutcomeOf<'createSubscription'>['endDate'], string | null>,
  true satisfies Equal<PayloadOf<'incrementTrainings'>, { by?: number | undefined }>,
  true satisfies 'addXp' extends OperationName ? true : false,
];

describe('The types of the SDK', () => {
  it('let nothing wrong compile: the compiler has checked it', () => {
    expect(compileOnly).to.be.a('function');
    expect(facts).to.not.include(false);
  });
});
