import express, { type Request, type Response, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Logger } from '../../logger.js';
import { plainPageHeaders } from '../headers.js';
import { only, Problem } from '../problem.js';
import type { Account } from './accounts.js';
import { loginPage, logoutPage, styleHash } from './pages.js';
import { logIn, logOut } from './session.js';

const ATTEMPT_WINDOW_MS = 15 * 60 * 1000;
const MOST_FAILED_ATTEMPTS = 10;
const FORM_LIMIT = '2kb';

/** The form to log in and the one to log out. */
export function loginRouter(accounts: readonly Account[], logger: Logger): Router {
  const router = Router();
  router.use(['/admin/login', '/admin/logout'], plainPageHeaders(styleHash));

  router
    .route('/admin/login')
    .get((_req, res) => sendPage(res, 200, loginPage()))
    .post(limitAttempts(logger), express.urlencoded({ extended: false, limit: FORM_LIMIT }), async (req, res) => {
      const { user, password } = readForm(req);
      // All are asked: the time taken does not tell which names there are.
      const fitting = await Promise.all(accounts.map((account) => account.fits(user, password)));
      const account = accounts[fitting.indexOf(true)];
      if (!account) {
        logger.warn({ ip: req.ip }, 'admin login refused');
        return sendPage(res, 401, loginPage('The user name or the password is wrong.'));
      }
      await logIn(req, account);
      res.redirect(303, '/admin/queues');
    })
    .all(only('GET', 'HEAD', 'POST'));

  router
    .route('/admin/logout')
    .get((_req, res) => sendPage(res, 200, logoutPage()))
    .post((req, res) => {
      logOut(req);
      res.redirect(303, '/admin/login');
    })
    .all(only('GET', 'HEAD', 'POST'));

  return router;
}

/** Stops guessing: counts failed attempts per address, in this process. */
function limitAttempts(logger: Logger) {
  // It speaks up when a proxy stands in front that TRUSTED_PROXIES does not tell of.
  const complain = (error: unknown) => logger.warn({ reason: String(error) }, 'admin login limit');
  return rateLimit({
    windowMs: ATTEMPT_WINDOW_MS,
    limit: MOST_FAILED_ATTEMPTS,
    skipSuccessfulRequests: true,
    legacyHeaders: false,
    standardHeaders: 'draft-8',
    logger: { error: complain, warn: complain },
    handler(req, res) {
      logger.warn({ ip: req.ip }, 'too many admin logins refused');
      sendPage(res, 429, loginPage('Too many attempts. Wait a quarter of an hour, then try again.'));
    },
  });
}

function readForm(req: Request): { user: string; password: string } {
  if (!req.is('application/x-www-form-urlencoded')) throw new Problem(415, 'Send the login form');
  const { user, password } = req.body as Record<string, unknown>;
  if (typeof user !== 'string' || typeof password !== 'string') throw new Problem(400, 'Send user and password');
  return { user, password };
}

function sendPage(res: Response, status: number, page: string): void {
  res.status(status).type('html').send(page);
}
