import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Queue } from 'bullmq';
import express, { type Express, Router } from 'express';
import { boardHeaders } from '../headers.js';

/** A queue, and what it is for. */
export interface BoardQueue {
  queue: Queue;
  description: string;
}

/**
 * Bull Board. It knows no login, so it must stand behind one.
 *
 * @param queues those that are always there
 * @param further those that come and go
 * @param maxUnitBytes how much a unit may carry: a person who mends a failed one sends it back as a whole
 */
export function boardRouter(
  queues: readonly BoardQueue[],
  further: () => Promise<readonly BoardQueue[]>,
  maxUnitBytes: number,
): Router {
  const adapter = new ExpressAdapter().setBasePath('/admin/queues');
  const { replaceQueues } = createBullBoard({
    queues: queues.map(shown),
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: 'botledger',
        miscLinks: [{ text: 'Log out', url: '/admin/logout' }],
        hideDocsLink: true,
        // Its own choice is a font from Google.
        theme: { light: FONTS, dark: FONTS },
      },
    },
  });
  const board = adapter.getRouter() as Express;
  board.disable('x-powered-by');

  const router = Router();
  router.use(boardHeaders);
  router.use('/static', (_req, res, next) => {
    res.set('Cache-Control', 'private, no-cache');
    next();
  });
  router.use('/api', async (_req, _res, next) => {
    // While Redis is away, the board says so itself.
    const all = await further().then(
      (found) => [...queues, ...found],
      () => undefined,
    );
    if (all) replaceQueues(all.map(shown));
    next();
  });
  router.use(express.json({ limit: 2 * maxUnitBytes }));
  router.use(board);
  return router;
}

const shown = ({ queue, description }: BoardQueue) => new BullMQAdapter(queue, { description });

const FONTS = { 'font-sans': 'system-ui, sans-serif', 'font-mono': 'ui-monospace, monospace' };
