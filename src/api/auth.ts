import { timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { ANY_BOT, type ApiToken } from '../config.js';
import { digestOf } from '../secrets.js';
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
 * Tells who asks, by the bearer token.
 *
 * @throws Problem when none is shown, or one that is not known
 */
export function authenticator(tokens: readonly ApiToken[]): (req: Request) => Caller {
  // Each is compared, in a time that tells nothing; a fleet has a few tokens, and a comparison takes a fraction of 1 µs.
  const owners = (shown: Buffer) => tokens.filter(({ digest }) => timingSafeEqual(digest, shown));
  return (req) => {
    const token = bearerToken(req);
    if (token === undefined)
      throw unauthorized('Bearer', 'Send the header Authorization: Bearer <the token of your bot>');

    const [owner] = owners(digestOf(token));
    if (owner === undefined) {
      throw unauthorized(
        'Bearer error="invalid_token"',
        'This token is not known: use the one of your bot in API_TOKENS',
      );
    }
    return { bot: owner.bot };
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

/** @param challenge says how to show a token (RFC 6750) */
export const unauthorized = (challenge: string, detail: string) =>
  new Problem(401, detail, { headers: { 'WWW-Authenticate': challenge } });
