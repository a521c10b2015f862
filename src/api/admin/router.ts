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
import { boardRouter } from './board.js';
import { loginRouter } from './login.js';
import { sameOrigin } from './same-origin.js';
import { readSession, requireLogin } from './session.js';

/** What the admin pages need. */
export interface AdminDependencies {
  config: Pick<Config, 'admin' | 'maxUnitBytes'>;
  units: UnitQueues;
  schedule: Queue;
  events: EventQueues;
  exports: ExportRepository;
  logger: Logger;
}

/** Everything under `/admin`: whatever is added after `requireLogin` is behind the login. */
export function adminRouter({ config, units, schedule, events, exports, logger }: AdminDependencies): Router {
  const router = Router();
  router.use('/admin', compress, uncached, sameOrigin, readSession(config.admin));
  router.use(loginRouter(config.admin, logger));
  router.use('/admin', requireLogin);
  router.get('/admin', (_req, res) => res.redirect('/admin/queues'));
  router.get('/admin/users/:telegramId/export', async (req, res) => {
    const params = check('path', z.strictObject({ telegramId }), req.params);
    res.json(await exports.byTelegramId(params.telegramId));
  });
  const queues = [
    ...units.all.map((queue) => ({
      queue,
      description: 'What the bots wrote: waiting, being applied, applied, failed',
    })),
    { queue: schedule, description: 'What runs by the clock' },
  ];
  const further = async () =>
    (await events.wanted()).map(({ bot, events: { queue } }) => ({ queue, description: `What ${bot} is told of` }));
  router.use('/admin/queues', boardRouter(queues, further, config.maxUnitBytes));
  return router;
}

const uncached: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};
