import type { Context, MiddlewareFn, StorageAdapter } from 'grammy';
import type { UpdateLedger } from './client/update.js';
import type { SessionOwner } from './client/updates.js';
import { ValidationError } from './errors.js';
import type { BotLedger } from './index.js';

export type { UpdateLedger } from './client/update.js';
export type { SessionOwner } from './client/updates.js';

/** What `withLedger()` adds to the context. */
export interface LedgerFlavor {
  /** The ledger of the user who sent the update; what is written goes out when the update is handled. */
  ledger: UpdateLedger;
}

/** How session keys are read. */
export interface StorageOptions {
  /** Whose session a key means, and under which name; by default `123456` and, for grammY's `prefix`, `name:123456`. */
  ownerOf?: (key: string) => SessionOwner;
}

/**
 * Keeps grammY's sessions in the ledger: plain, lazy, multi and enhanced ones. Give `session()` also
 * `getSessionKey: bySender`, because sessions are of users: grammY's own keys are chats, which are users in private
 * chats only.
 *
 * @example
 * bot.use(session({ initial, storage: storage(ledger), getSessionKey: bySender }));
 */
export function storage<T>(ledger: BotLedger, { ownerOf }: StorageOptions = {}): StorageAdapter<T> {
  // Keys of another form can be read, but not made.
  if (ownerOf) return ledger.updates.sessions<T>(ownerOf);
  const entries = async function* () {
    for await (const { telegramId, name, value } of ledger.updates.all<T>())
      yield [name === '' ? `${telegramId}` : `${name}:${telegramId}`, value] as [key: string, value: T];
  };
  return {
    ...ledger.updates.sessions<T>(ownerOfKey),
    readAllEntries: entries,
    async *readAllKeys() {
      for await (const [key] of entries()) yield key;
    },
    async *readAllValues() {
      for await (const [, value] of entries()) yield value;
    },
  };
}

/** The session key of an update: who sent it. */
export const bySender = (ctx: { from?: { id: number } | undefined }): string | undefined => ctx.from?.id.toString();

/**
 * Puts `ctx.ledger` on the context. Use it before `session()`, so that the session goes out in the update's unit.
 *
 * @example
 * bot.use(withLedger(ledger));
 * bot.on('message', (ctx) => ctx.ledger.addXp({ xp: 10 }));
 */
export function withLedger<C extends Context>(ledger: BotLedger): MiddlewareFn<C & LedgerFlavor> {
  return (ctx, next) =>
    ledger.updates.handle({ id: ctx.update.update_id, telegramId: ctx.from?.id }, (bound) => {
      ctx.ledger = bound;
      return next();
    });
}

function ownerOfKey(key: string): SessionOwner {
  const [, name = '', telegramId] = /^(?:(.+):)?([1-9]\d{0,15})$/.exec(key) ?? [];
  if (telegramId && Number.isSafeInteger(Number(telegramId))) return { telegramId: Number(telegramId), name };
  throw new ValidationError([
    `session key "${key}": sessions are of users, and this is none: give session() getSessionKey: bySender, ` +
      'or storage() an ownerOf',
  ]);
}
