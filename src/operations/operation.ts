import type * as z from 'zod';
import type { Rows, Touches } from '../domain/rows.js';
import type { Settings } from '../domain/settings.js';

/** Who, when and under which settings, besides the payload. */
export interface SharedContext {
  /** The bot that sent the unit. */
  readonly bot: string;
  /** When the bot made the operation; never later than the commit. */
  readonly at: Date;
  readonly settings: Settings;
}

/** What an operation on a user knows besides. */
export interface Context extends SharedContext {
  readonly telegramId: number;
  /** Whether this very operation brought the user into being. */
  readonly created: boolean;
}

/** A bot's session of a user, as far as it is known without the database. */
export interface SessionImage {
  readonly session?: object;
  readonly stats?: object;
  /** Whether the stats follow from what the database holds: until it is asked, they are at best foreseen. */
  readonly counted?: boolean;
}

/** Whether an operation names a user. */
export type Subject = 'user' | 'none';

/** One kind of fact: its permanent name, what it carries, which rows it touches, and its rule. */
export interface Operation<
  N extends string = string,
  S extends z.ZodObject = z.ZodObject,
  O = unknown,
  U extends Subject = Subject,
> {
  readonly name: N;
  readonly subject: U;
  readonly payload: S;
  /** Must be the only operation of its unit, goes as a job of its own, and is committed by itself. */
  readonly alone?: boolean;
  touches(payload: z.output<S>, bot: string): Touches;
  /** What it makes of the bot's session, for the copy in Redis; absent when it leaves that alone. */
  image?(payload: z.output<S>, before: SessionImage, at: Date): SessionImage;
  apply(rows: Rows, payload: z.output<S>, context: U extends 'none' ? SharedContext : Context): O;
}

/** What defines an operation. */
interface Definition<N extends string, S extends z.ZodObject, O, C> {
  name: N;
  payload: S;
  alone?: boolean;
  touches?: (payload: z.output<S>, bot: string) => Touches;
  image?: (payload: z.output<S>, before: SessionImage, at: Date) => SessionImage;
  apply: (rows: Rows, payload: z.output<S>, context: C) => O;
}

/**
 * Defines an operation on a user. The user is always loaded, locked, created if unknown, and has its `lastActivity`
 * moved forward; `touches` names the other rows. `apply` must be synchronous and pure: time comes with the context,
 * and what it changes in `rows` is written by the commit.
 */
export function operation<N extends string, S extends z.ZodObject, O>(
  definition: Definition<N, S, O, Context>,
): Operation<N, S, O, 'user'> {
  return { subject: 'user', touches: () => ({}), ...definition };
}

/** Defines an operation that names no user; otherwise as `operation`. */
export function sharedOperation<N extends string, S extends z.ZodObject, O>(
  definition: Definition<N, S, O, SharedContext>,
): Operation<N, S, O, 'none'> {
  return { subject: 'none', touches: () => ({}), ...definition };
}
