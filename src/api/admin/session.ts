import cookieSession from 'cookie-session';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import * as z from 'zod';
import { Problem } from '../problem.js';
import type { Account, Role } from './accounts.js';

declare global {
  namespace Express {
    interface Locals {
      /** As what the caller is logged in. */
      role?: Role;
    }
  }
}

const LIFETIME_MS = 12 * 60 * 60 * 1000;

/** What the cookie says. Its end is in it as well, because a browser's word on the age of a cookie proves nothing. */
const session = z.object({ role: z.string(), until: z.number(), signature: z.string() });

/**
 * Reads the session cookie, and notes in `res.locals.role` who is logged in. The cookie is signed with a key made from
 * the role's password: every API process knows it, restarts keep it, and a new password ends the role's sessions.
 */
export function readSession(accounts: readonly Account[]): RequestHandler {
  const router = Router();
  router.use(
    cookieSession({
      name: 'botledger_admin',
      // It carries a signature of its own, because each role has another key.
      signed: false,
      maxAge: LIFETIME_MS,
      path: '/admin',
      httpOnly: true,
      sameSite: 'strict',
      // Without `secure` the cookie is secure exactly when the request came over https.
    }),
  );
  router.use(async (req, res, next) => {
    const { data } = session.safeParse({ ...req.session });
    const account = data && Date.now() < data.until && accounts.find(({ role }) => role === data.role);
    if (account && (await account.signed(data.until, data.signature))) res.locals.role = account.role;
    next();
  });
  return router;
}

/** Starts a session that ends by itself after twelve hours. */
export async function logIn(req: Request, account: Account): Promise<void> {
  const until = Date.now() + LIFETIME_MS;
  req.session = { role: account.role, until, signature: await account.sign(until) };
}

/** Ends the session in this browser. */
export function logOut(req: Request): void {
  req.session = null;
}

/** Lets in who is logged in; sends people to the login, and answers programs with 401. */
export const requireLogin: RequestHandler = (req, res, next) => {
  if (res.locals.role) return next();
  if (wantsPage(req)) return res.redirect('/admin/login');
  throw new Problem(401, 'Log in at /admin/login first');
};

/** Refuses the viewer. */
export const requireAdmin: RequestHandler = (_req, res, next) => {
  if (roleOf(res) === 'admin') return next();
  throw new Problem(403, 'The viewer looks at the queues and changes nothing: log in as ADMIN_USER');
};

/** As what the caller is logged in. */
export function roleOf({ locals }: Response): Role {
  if (!locals.role) throw new Problem(401, 'Log in at /admin/login first');
  return locals.role;
}

const wantsPage = (req: Request) => req.method === 'GET' && req.accepts(['json', 'html']) === 'html';
