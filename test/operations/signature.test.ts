import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { SignatureError } from '../../src/errors.js';
import { Signatures, signerOf, signersOf } from '../../src/operations/signature.js';
import { checkUnit, type Unit } from '../../src/operations/unit.js';

const SPIN = 'the secret of the spin bot';
const OLD = 'what that was before';
const QUIZ = 'the secret of the quiz bot';
const secrets = new Map([
  ['spin_bot', [SPIN, OLD]],
  ['quiz_bot', [QUIZ]],
]);

const MADE = Date.UTC(2026, 0, 15);
const DAY = 86_400_000;
const HOUR = 3_600_000;
const DAYS = 30;

const unit: Unit = {
  bot: 'spin_bot',
  key: 'upd-1',
  at: MADE,
  operations: [{ name: 'addXp', telegramId: 7, xp: 5 }],
};

describe('The signature of a unit', () => {
  const signatures = new Signatures(secrets, DAYS);

  /** Why a unit is refused; undefined when it is not. */
  const refusal = (changed: Partial<Unit>, sig: string | undefined, now = MADE): string | undefined => {
    try {
      signatures.check(checkUnit({ ...unit, ...changed }), sig, now);
      return undefined;
    } catch (error) {
      expect(error).to.be.instanceOf(SignatureError);
      return (error as Error).message;
    }
  };

  it('fits the unit as it came over the wire, by the newest secret and by an older one', () => {
    const operations = [{ xp: 5, telegramId: 7, levels: undefined, name: 'addXp' }];
    for (const secret of [SPIN, OLD]) {
      expect(refusal({}, signerOf(secret)(checkUnit({ ...unit, operations })))).to.equal(undefined);
    }
    expect(signersOf(secrets).get('spin_bot')?.(checkUnit(unit))).to.equal(signerOf(SPIN)(checkUnit(unit)));
  });

  it('is an HMAC of bot, key, time and content', () => {
    const content = createHash('sha256').update('[{"name":"addXp","telegramId":7,"xp":5}]').digest('base64url');
    const text = `botledger unit 1\nspin_bot\nupd-1\n${MADE}\n${content.slice(0, 22)}`;
    const sig = createHmac('sha256', SPIN).update(text).digest('base64url');
    expect(signerOf(SPIN)(checkUnit(unit))).to.equal(sig);
  });

  it('fits nothing else', () => {
    const sig = signerOf(SPIN)(checkUnit(unit));
    const changes: Partial<Unit>[] = [
      { bot: 'quiz_bot' },
      { key: 'upd-2' },
      { at: MADE + 1 },
      { operations: [{ name: 'addXp', telegramId: 7, xp: 6 }] },
      { operations: [{ name: 'addXp', telegramId: 8, xp: 5 }] },
      { operations: [...unit.operations, ...unit.operations] },
    ];
    for (const change of changes)
      expect(refusal(change, sig), JSON.stringify(change)).to.match(/is not what \w+ signed/);
    for (const other of ['', 'x', `${sig}=`, sig.toUpperCase(), sig.slice(1), `${sig}${sig}`, 'ж'.repeat(43)])
      expect(refusal({}, other), other).to.match(
        /is not what spin_bot signed.* POST .*\/v1\/bots\/spin_bot\/operations/,
      );
  });

  it('is wanted of every bot', () => {
    expect(refusal({}, undefined)).to.match(/^Unit "upd-1" of spin_bot is refused: it is not signed: .* BOT_SECRET,/);
    const unknown = { ...unit, bot: 'new_bot' };
    expect(refusal(unknown, signerOf(SPIN)(checkUnit(unknown)))).to.match(/BOT_SECRETS has no secret of new_bot/);
  });

  it('holds for as long as the ledger surely remembers the key', () => {
    const sig = signerOf(SPIN)(checkUnit(unit));
    expect(refusal({}, sig, MADE - HOUR)).to.equal(undefined);
    expect(refusal({}, sig, MADE - HOUR - 1)).to.match(/its time is 1 h ahead: set the clock/);
    expect(refusal({}, sig, MADE + DAYS * DAY - HOUR)).to.equal(undefined);
    expect(refusal({}, sig, MADE + DAYS * DAY - HOUR + 1)).to.match(/made 30 days ago.* LEDGER_RETENTION_DAYS \(30\)/);
  });
});
