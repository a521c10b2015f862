import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Queue } from 'bullmq';
import express, { type Express, type RequestHandler, Router } from 'express';
import { within } from '../../deadline.js';
import type { Logger } from '../../logger.js';
import { boardHeaders } from '../headers.js';
import { Problem, problemHandler } from '../problem.js';
import { RedactedAdapter } from './redact.js';

/** A queue, and what it is for. */
export interface BoardQueue {
  queue: Queue;
  description: string;
  /** Whether its jobs are about users. */
  personal: boolean;
}

/** What a board shows, and what it lets people do. */
interface BoardOptions {
  /** Those that are always there. */
  queues: readonly BoardQueue[];
  /** Those that come and go. */
  further: () => Promise<readonly BoardQueue[]>;
  /** How much a unit may carry: a person who mends a failed one sends it back as a whole. */
  maxUnitBytes: number;
  /** Whether it has no buttons that change something, and refuses what they would do. */
  readOnly: boolean;
  /** Whether it keeps to itself what is in the jobs of users. */
  redacted: boolean;
  logger: Logger;
}

/** How long Redis is given to say which queues there are. */
const PATIENCE_MS = 1_000;

/** Bull Board. It knows no login, so it must stand behind one. */
export function boardRouter({ queues, further, maxUnitBytes, readOnly, redacted, logger }: BoardOptions): Router {
  const shown = ({ queue, description, personal }: BoardQueue) =>
    new (redacted && personal ? RedactedAdapter : BullMQAdapter)(queue, { description, readOnlyMode: readOnly });
  const adapter = new LettingErrorsOut().setBasePath('/admin/queues');
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
        ...(readOnly ? { environment: { label: 'view only', ...BADGE } } : {}),
        ...(redacted && !readOnly ? { environment: { label: 'contents redacted', ...BADGE } } : {}),
      },
      handlerHooks: {
        before: ({ method, route }) =>
          redacted && WRITES_DATA.has(`${method} ${route}`)
            ? { allow: false, message: 'What is not shown cannot be edited: set BOARD_PAYLOADS=shown' }
            : undefined,
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
    // While Redis is away this fails, before the board asks for more.
    replaceQueues([...queues, ...(await within(PATIENCE_MS, further()))].map(shown));
    next();
  });
  router.use(jsonOnly, express.json({ limit: 2 * maxUnitBytes }));
  router.use(board);
  // Where the page looks for what to tell a person.
  router.use(problemHandler(logger, ({ detail }) => ({ error: 'This did not work', message: detail })));
  return router;
}

/** Bull Board would take a body that was not read for an empty one. */
const jsonOnly: RequestHandler = (req, _res, next) => {
  const hasBody = req.get('transfer-encoding') !== undefined || Number(req.get('content-length')) > 0;
  if (hasBody && !req.is('json')) throw new Problem(415, 'Send JSON, with Content-Type: application/json');
  next();
};

/** Calls whose bodies become a job's data. The page fills its forms for them with what it was shown. */
const WRITES_DATA = new Set(['post /api/queues/:queueName/add', 'patch /api/queues/:queueName/:jobId/update-data']);

/** Bull Board answers errors with what they say, and in development with their stack; here they are answered like all others. */
class LettingErrorsOut extends ExpressAdapter {
  override setErrorHandler(): this {
    return super.setErrorHandler((error) => {
      throw error;
    });
  }
}

const FONTS = { 'font-sans': 'system-ui, sans-serif', 'font-mono': 'ui-monospace, monospace' };

const BADGE = { color: '#1f5fbf', textColor: '#fff' };
