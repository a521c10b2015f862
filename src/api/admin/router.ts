import type { Queue } from 'bullmq';
import { type RequestHandler, Router } from 'express';
import * as z from 'zod';
import type { Config } from '../../config.js';
import type { EventQueues } from '../../event-queue.js';
import type { Logger } from '../../logger.js';
import type { UnitQueues } from '../../queue.js';
import type { ExportRepository } from '../../repositories/export.js';
import { compress } from '../answer.js';
import { telegramId } from '../parameters.js';
import { check } from '../route.js';
import { openAccounts } from './accounts.js';
import { type BoardQueue, boardRouter } from './board.js';
import { loginRouter } from './login.js';
import { isSafe, sameOrigin } from './same-origin.js';
import { readSession, requireAdmin, requireLogin, roleOf } from './session.js';

/** What the admin pages need. */
export interface AdminDependencies {
  config: Pick<Config, 'admin' | 'boardPayloads' | 'maxUnitBytes' | 'viewer'>;
  units: UnitQueues;
  schedule: Queue;
  events: EventQueues;
  exports: ExportRepository;
  logger: Logger;
}

/**
 * Everything under `/admin`: whatever is added after `requireLogin` is behind the login, and the viewer changes nothing
 * of it.
 */
export function adminRouter({ config, units, schedule, events, exports, logger }: AdminDependencies): Router {
  const accounts = openAccounts(config);
  const router = Router();
  router.use('/admin', compress, uncached, sameOrigin, readSession(accounts));
  router.use(loginRouter(accounts, logger));
  router.use('/admin', requireLogin, (req, res, next) => (isSafe(req) ? next() : requireAdmin(req, res, next)));
  router.get('/admin', (_req, res) => res.redirect('/admin/queues'));
  router.get('/admin/users/:telegramId/export', requireAdmin, async (req, res) => {
    const params = check('path', z.strictObject({ telegramId }), req.params);
    res.json(await exports.byTelegramId(params.telegramId));
  });
  const queues: BoardQueue[] = [
    ...units.all.map((queue) => ({
      queue,
      description: 'What the bots wrote: waiting, being applied, applied, failed',
      personal: true,
    })),
    { queue: schedule, description: 'What runs by the clock', personal: false },
  ];
  const further = async () =>
    (await events.wanted()).map(({ bot, events: { queue } }) => ({
      queue,
      description: `What ${bot} is told of`,
      personal: true,
    }));
  const about = { queues, further, maxUnitBytes: config.maxUnitBytes, logger };
  const boards = {
    admin: boardRouter({ ...about, readOnly: false, redacted: config.boardPayloads === 'redacted' }),
    viewer: boardRouter({ ...about, readOnly: true, redacted: true }),
  };
  router.use('/admin/queues', (req, res, next) => boards[roleOf(res)](req, res, next));
  return router;
}

const uncached: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};
