import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { SignatureError } from '../errors.js';
import type { CheckedUnit } from './unit.js';

/** What of a unit is signed. */
type Signed = Pick<CheckedUnit, 'bot' | 'key' | 'at' | 'contentHash'>;

/** Makes the `sig` of a unit. */
export type Signer = (unit: Signed) => string;

/** Secrets by bot, the newest first: while one is being changed, a bot has two. */
export type BotSecrets = ReadonlyMap<string, readonly string[]>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far the clock of a bot may run ahead of the workers'. */
const SKEW_MS = HOUR_MS;

/** Signs with this secret. */
export function signerOf(secret: string): Signer {
  const key = createSecretKey(secret, 'utf8');
  return (unit) => signatureOf(unit, key);
}

/** A signer for each bot, with the newest of its secrets. */
export const signersOf = (secrets: BotSecrets): ReadonlyMap<string, Signer> =>
  new Map([...secrets].map(([bot, [newest = '']]) => [bot, signerOf(newest)]));

/** Tells units that their bots signed from all others. */
export class Signatures {
  readonly #keys: ReadonlyMap<string, readonly KeyObject[]>;
  readonly #ledgerDays: number;

  /** @param ledgerDays how long the ledger remembers keys: an older unit, though signed, may be one that is replayed */
  constructor(secrets: BotSecrets, ledgerDays: number) {
    this.#keys = new Map([...secrets].map(([bot, all]) => [bot, all.map((secret) => createSecretKey(secret, 'utf8'))]));
    this.#ledgerDays = ledgerDays;
  }

  /**
   * Refuses a unit that its bot did not sign, and one that may have been applied so long ago that nobody remembers it.
   *
   * @param sig what came with it
   * @param now in milliseconds since 1970
   * @throws SignatureError that says why, and the remedy
   */
  check(unit: CheckedUnit, sig: string | undefined, now = Date.now()): void {
    const problem = this.#problemOf(unit, sig, now);
    if (problem) throw new SignatureError(unit.key, `Unit "${unit.key}" of ${unit.bot} is refused: ${problem}`);
  }

  #problemOf(unit: CheckedUnit, sig: string | undefined, now: number): string | undefined {
    const { bot } = unit;
    const keys = this.#keys.get(bot);
    if (!keys) return `BOT_SECRETS has no secret of ${bot}: add one there, and give it to the bot as BOT_SECRET`;
    if (sig === undefined)
      return `it is not signed: give the bot its secret in BOT_SECRETS as BOT_SECRET, then ${AGAIN}`;
    if (!keys.some((key) => isSame(signatureOf(unit, key), sig))) {
      return (
        `it is not what ${bot} signed. If a person changed it, put it back as it was, or discard it and ` +
        `POST the right one to /v1/bots/${bot}/operations. If the bot has another secret than BOT_SECRETS, give it that ` +
        `as BOT_SECRET, then ${AGAIN}`
      );
    }
    const age = now - unit.at.getTime();
    if (age < -SKEW_MS)
      return `its time is ${Math.round(-age / HOUR_MS)} h ahead: set the clock of the bot, then ${AGAIN}`;
    // A unit is committed SKEW_MS before its time at the earliest: so its row is in the ledger for as long as it passes.
    if (age <= this.#ledgerDays * DAY_MS - SKEW_MS) return undefined;
    return (
      `it was made ${Math.round(age / DAY_MS)} days ago, and nobody remembers for longer than LEDGER_RETENTION_DAYS ` +
      `(${this.#ledgerDays}) whether it was applied. If it was not, ${AGAIN}`
    );
  }
}

const AGAIN = 'send it again';

/** No part of it but the last has a line break in it, so no two units have the same text. */
const signatureOf = ({ bot, key, at, contentHash }: Signed, secret: KeyObject): string =>
  createHmac('sha256', secret)
    .update(`botledger unit 1\n${bot}\n${key}\n${at.getTime()}\n${contentHash}`)
    .digest('base64url');

/** In a time that tells nothing about the one that is right. */
function isSame(right: string, shown: string): boolean {
  const [a, b] = [Buffer.from(right), Buffer.from(shown)];
  return a.length === b.length && timingSafeEqual(a, b);
}
