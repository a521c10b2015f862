import type { RequestHandler } from 'express';
import { MemoryStore, type Options } from 'express-rate-limit';
import { Problem } from './problem.js';
import { callerOf } from './route.js';

const WINDOW_MS = 60_000;

/**
 * Keeps one bot from taking the API away from the others: counts the requests of each token, in this process, and says
 * in headers what is left (IETF draft-ietf-httpapi-ratelimit-headers-08). The library's store counts; its middleware is
 * left out, because it took a tenth of the whole time of a read.
 *
 * @param perMinute most requests of one token; 0 for as many as it likes
 */
export function limitRate(perMinute: number): RequestHandler {
  if (perMinute === 0) return (_req, _res, next) => next();
  const name = `"${perMinute}-in-1min"`;
  const store = new MemoryStore();
  store.init({ windowMs: WINDOW_MS } as Options);
  return async (_req, res, next) => {
    const { totalHits, resetTime } = await store.increment(callerOf(res).bot);
    const seconds = Math.ceil(((resetTime as Date).getTime() - Date.now()) / 1_000);
    res.setHeader('RateLimit', `${name}; r=${Math.max(0, perMinute - totalHits)}; t=${seconds}`);
    res.setHeader('RateLimit-Policy', `${name}; q=${perMinute}; w=${WINDOW_MS / 1_000}`);
    if (totalHits <= perMinute) return next();
    throw new Problem(429, `More than ${perMinute} requests in a minute with this token: ask less often`, {
      headers: { 'Retry-After': String(seconds) },
    });
  };
}
