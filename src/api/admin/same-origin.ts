import type { RequestHandler } from 'express';
import { Problem } from '../problem.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses calls that change something unless they come from our own pages. Browsers say where a call comes from:
 * `Sec-Fetch-Site` over https and on localhost, `Origin` everywhere. What says neither is no browser, and is asked to.
 */
export const sameOrigin: RequestHandler = (req, _res, next) => {
  if (SAFE_METHODS.has(req.method)) return next();
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const fromHere = site === undefined ? origin !== undefined && hostOf(origin) === req.host : site === 'same-origin';
  if (!fromHere)
    throw new Problem(403, 'This call did not come from a page of botledger: open /admin/queues and call it there');
  next();
};

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : undefined);
