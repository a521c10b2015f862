import { scryptSync } from 'node:crypto';
import cookieSession from 'cookie-session';
import type { Request, RequestHandler } from 'express';
import type { Config } from '../../config.js';
import { Problem } from '../problem.js';

const LIFETIME_MS = 12 * 60 * 60 * 1000;

/**
 * Reads the session cookie. It is signed with a key made from the admin's credentials: every API process knows it,
 * restarts keep it, and a new password ends all sessions.
 */
export function readSession({ user, password }: Config['admin']): RequestHandler {
  // scrypt, so that nobody guesses the password from a cookie.
  const key = scryptSync(password, `botledger admin session of ${user}`, 32).toString('base64url');
  return cookieSession({
    name: 'botledger_admin',
    keys: [key],
    maxAge: LIFETIME_MS,
    path: '/admin',
    httpOnly: true,
    sameSite: 'strict',
    // Without `secure` the cookie is secure exactly when the request came over https.
  });
}

/** Starts a session that ends by itself after twelve hours. */
export function logIn(req: Request): void {
  // In the cookie as well, because a browser's word on the age of a cookie proves nothing.
  req.session = { until: Date.now() + LIFETIME_MS };
}

/** Ends the session in this browser. */
export function logOut(req: Request): void {
  req.session = null;
}

/** Lets in who is logged in; sends people to the login, and answers programs with 401. */
export const requireLogin: RequestHandler = (req, res, next) => {
  if (isLoggedIn(req)) return next();
  if (wantsPage(req)) return res.redirect('/admin/login');
  throw new Problem(401, 'Log in at /admin/login first');
};

function isLoggedIn({ session }: Request): boolean {
  const until: unknown = session?.['until'];
  return typeof until === 'number' && Date.now() < until;
}

const wantsPage = (req: Request) => req.method === 'GET' && req.accepts(['json', 'html']) === 'html';
