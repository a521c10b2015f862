import type * as z from 'zod';
import type { Rows, Touches } from '../domain/rows.js';

/** Who, where and when, besides the payload. */
export interface Context {
  /** The bot that sent the unit. */
  readonly bot: string;
  readonly telegramId: number;
  /** When the bot made the operation; never later than the commit. */
  readonly at: Date;
  /** Whether this very operation brought the user into being. */
  readonly created: boolean;
}

/** One kind of fact: its permanent name, what it carries, which rows it touches, and its rule. */
export interface Operation<N extends string = string, S extends z.ZodObject = z.ZodObject, O = unknown> {
  readonly name: N;
  readonly payload: S;
  touches(payload: z.output<S>, bot: string): Touches;
  apply(rows: Rows, payload: z.output<S>, context: Context): O;
}

/**
 * Defines an operation. The user it names is always loaded, locked, created if unknown, and has its
 * `lastActivity` moved forward; `touches` names the other rows. `apply` must be synchronous and pure: time comes
 * with the context, and what it changes in `rows` is written by the commit.
 */
export function operation<N extends string, S extends z.ZodObject, O>(definition: {
  name: N;
  payload: S;
  touches?: (payload: z.output<S>, bot: string) => Touches;
  apply: (rows: Rows, payload: z.output<S>, context: Context) => O;
}): Operation<N, S, O> {
  return { touches: () => ({}), ...definition };
}
