import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ANY_BOT } from '../config.js';
import { Problem } from './problem.js';

/** Whom a bearer token speaks for. */
export interface Caller {
  /** The bot's name, or ANY_BOT. */
  readonly bot: string;
}

declare global {
  namespace Express {
    interface Locals {
      caller?: Caller;
    }
  }
}

/**
 * Lets in who shows a known bearer token, and notes in `res.locals.caller` who that is.
 *
 * @param tokens tokens by bot
 */
export function authenticate(tokens: ReadonlyMap<string, string>): RequestHandler {
  // Found by its digest: the time which that takes tells of the digest alone, and nothing of a token follows from that.
  // Reversed, so that a token of two bots is the first one's.
  const bots = new Map([...tokens].reverse().map(([bot, token]) => [hash('sha256', token, 'base64'), bot]));
  return (req, res, next) => {
    const token = bearerToken(req);
    if (token === undefined)
      throw unauthorized('Bearer', 'Send the header Authorization: Bearer <the token of your bot>');

    const bot = bots.get(hash('sha256', token, 'base64'));
    if (bot === undefined) {
      throw unauthorized(
        'Bearer error="invalid_token"',
        'This token is not known: use the one of your bot in API_TOKENS',
      );
    }
    res.locals.caller = { bot };
    next();
  };
}

/** Refuses what belongs to another bot than the caller's. */
export function requireOwnBot(caller: Caller, bot: string): void {
  if (caller.bot !== ANY_BOT && caller.bot !== bot) {
    throw new Problem(403, `This is the token of ${caller.bot}: it reads that bot's sessions and operations only`);
  }
}

/** The only bot whose sessions and units a caller may see; undefined when it may see those of all. */
export const onlyBotOf = ({ bot }: Caller): string | undefined => (bot === ANY_BOT ? undefined : bot);

/** The bearer token that comes with a request. */
export const bearerToken = (req: Request): string | undefined =>
  /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '')?.[1];

/** Whether two secrets are the same, in a time that tells nothing about either. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

const digest = (secret: string) => hash('sha256', secret, 'buffer');

/** @param challenge says how to show a token (RFC 6750) */
export const unauthorized = (challenge: string, detail: string) =>
  new Problem(401, detail, { headers: { 'WWW-Authenticate': challenge } });
