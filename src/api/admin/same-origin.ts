import type { Request, RequestHandler } from 'express';
import { Problem } from '../problem.js';

/** Whether a request only asks. */
export const isSafe = ({ method }: Request): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method);

/**
 * Refuses calls that change something unless they come from our own pages. Browsers say where a call comes from:
 * `Sec-Fetch-Site` over https and on localhost, `Origin` everywhere. What says neither is no browser, and is asked to.
 *
 * No page can make a browser say otherwise, so a token in each form would add nothing: it proves less, that the form was
 * read before, and has to be kept in step with the session. A sibling domain that plants a cookie gains nothing either,
 * because it cannot sign one. A page whose name was pointed at our address is of our origin to a browser, which sends
 * it no cookie of another name, and so does not get past the login.
 */
export const sameOrigin: RequestHandler = (req, _res, next) => {
  if (isSafe(req)) return next();
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const fromHere = site === undefined ? origin !== undefined && hostOf(origin) === req.host : site === 'same-origin';
  if (!fromHere)
    throw new Problem(403, 'This call did not come from a page of botledger: open /admin/queues and call it there');
  next();
};

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : undefined);
