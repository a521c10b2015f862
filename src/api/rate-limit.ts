import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Logger } from '../logger.js';
import { Problem } from './problem.js';
import { callerOf } from './route.js';

const WINDOW_MS = 60_000;

/**
 * Keeps one bot from taking the API away from the others: counts the requests of each token, in this process.
 *
 * @param perMinute most requests of one token; 0 for as many as it likes
 */
export function limitRate(perMinute: number, logger: Logger): RequestHandler {
  if (perMinute === 0) return (_req, _res, next) => next();
  const complain = (error: unknown) => logger.warn({ reason: String(error) }, 'rate limit');
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    keyGenerator: (_req, res) => callerOf(res).bot,
    legacyHeaders: false,
    standardHeaders: 'draft-8',
    logger: { error: complain, warn: complain },
    handler() {
      // Retry-After is set already.
      throw new Problem(429, `More than ${perMinute} requests in a minute with this token: ask less often`);
    },
  });
}
