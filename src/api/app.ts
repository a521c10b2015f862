import type { Queue } from 'bullmq';
import express, { type Express, type RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import type { Logger } from '../logger.js';
import { openRepositories } from '../repositories/index.js';
import { adminRouter } from './admin/router.js';
import { authenticate } from './auth.js';
import { botsRouter } from './bots.js';
import { dataHeaders } from './headers.js';
import { healthRouter } from './health.js';
import { notFound, problemHandler } from './problem.js';
import { requestLog } from './request-log.js';
import { usersRouter } from './users.js';

/** What the app answers from. */
export interface AppDependencies {
  config: Pick<Config, 'admin' | 'apiTokens' | 'maxUnitBytes' | 'trustedProxies'>;
  database: Database;
  redis: Redis;
  /** The queue of the units. */
  units: Queue;
  /** The queue of the scheduled jobs. */
  schedule: Queue;
  logger: Logger;
}

/** The HTTP API with its health checks, and Bull Board behind its login. */
export function createApp({ config, database, redis, units, schedule, logger }: AppDependencies): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.trustedProxies);
  app.use(requestLog(logger));
  app.use(dataHeaders);
  app.use(healthRouter({ database, redis }));
  app.use('/v1', personalData, authenticate(config.apiTokens));
  const repositories = openRepositories(database);
  app.use(usersRouter(repositories));
  app.use(botsRouter({ ...repositories, units }));
  app.use(adminRouter({ config, units, schedule, logger }));
  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

/** No cache but the caller's own may keep an answer, and that one has to ask whether it still holds. */
const personalData: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'private, no-cache');
  next();
};
