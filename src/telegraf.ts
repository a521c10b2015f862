import type { Context, MiddlewareFn } from 'telegraf';
import type { AsyncSessionStore } from 'telegraf/session';
import type { UpdateLedger } from './client/update.js';
import type { SessionOwner } from './client/updates.js';
import { ValidationError } from './errors.js';
import type { BotLedger } from './index.js';

export type { UpdateLedger } from './client/update.js';
export type { SessionOwner } from './client/updates.js';

/** What `withLedger()` adds to the context. */
export interface LedgerContext {
  /** The ledger of the user who sent the update; what is written goes out when the update is handled. */
  ledger: UpdateLedger;
}

/** How session keys are read. */
export interface StoreOptions {
  /** Whose session a key means, and under which name; by default as Telegraf makes them, `user:chat`. */
  ownerOf?: (key: string) => SessionOwner;
}

/**
 * Keeps Telegraf's sessions in the ledger. The one of a private chat is the user's session in this bot; those of groups
 * are kept beside it, under the id of the chat.
 *
 * @example
 * bot.use(session({ defaultSession, store: store(ledger) }));
 */
export function store<T>(ledger: BotLedger, { ownerOf = ownerOfKey }: StoreOptions = {}): AsyncSessionStore<T> {
  const { read, write, delete: remove } = ledger.updates.sessions<T>(ownerOf);
  return { get: read, set: write, delete: remove };
}

/**
 * Puts `ctx.ledger` on the context. Use it before `session()`, so that the session goes out in the update's unit.
 *
 * @example
 * bot.use(withLedger(ledger));
 * bot.on('message', (ctx) => ctx.ledger.addXp({ xp: 10 }));
 */
export function withLedger<C extends Context>(ledger: BotLedger): MiddlewareFn<C & LedgerContext> {
  return (ctx, next) =>
    ledger.updates.handle({ id: ctx.update.update_id, telegramId: ctx.from?.id }, (bound) => {
      ctx.ledger = bound;
      return next();
    });
}

function ownerOfKey(key: string): SessionOwner {
  const [, telegramId, chat = ''] = /^([1-9]\d{0,15})(?::(-?\d+))?$/.exec(key) ?? [];
  if (telegramId && Number.isSafeInteger(Number(telegramId)))
    return { telegramId: Number(telegramId), name: chat === telegramId ? '' : chat };
  throw new ValidationError([
    `session key "${key}": expected user:chat, with the id of a user: give store() an ownerOf that reads it`,
  ]);
}
