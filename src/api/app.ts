import type { Queue } from 'bullmq';
import express, { type Express, type RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import type { JobWatcher } from '../job-watcher.js';
import type { Logger } from '../logger.js';
import { openRepositories, type Repositories } from '../repositories/index.js';
import { adminRouter } from './admin/router.js';
import { authenticate } from './auth.js';
import { answerUnchanged } from './conditional.js';
import { docsRouter, documentRoutes } from './docs.js';
import { dataHeaders } from './headers.js';
import { healthRoutes } from './health.js';
import { metricsRoutes } from './metrics.js';
import { operationsRoutes } from './operations.js';
import { notFound, problemHandler } from './problem.js';
import { QueueGauges } from './queue-gauges.js';
import { limitRate } from './rate-limit.js';
import { recordsRoutes } from './records.js';
import { requestLog } from './request-log.js';
import type { Routes } from './route.js';
import { sessionsRoutes } from './sessions.js';
import { Intake } from './units/intake.js';
import { UnitStates } from './units/states.js';
import type { Waits } from './units/waits.js';
import { usersRoutes } from './users.js';

/** What the app answers from. */
export interface AppDependencies {
  config: Pick<
    Config,
    'admin' | 'apiTokens' | 'maxUnitBytes' | 'metricsToken' | 'production' | 'rateLimitPerMinute' | 'trustedProxies'
  >;
  database: Database;
  redis: Redis;
  /** The queue of the units. */
  units: Queue;
  /** Tells how jobs of that queue end. */
  watcher: JobWatcher;
  /** The requests that wait for that. */
  waits: Waits;
  /** The queue of the scheduled jobs. */
  schedule: Queue;
  /** What this process measures. */
  metrics: Registry;
  logger: Logger;
}

/** The HTTP API with its health checks and its documentation, and Bull Board behind its login. */
export function createApp(dependencies: AppDependencies): Express {
  const { config, units, schedule, metrics, logger } = dependencies;
  const health = healthRoutes(dependencies);
  const gauges = new QueueGauges(metrics, [units, schedule]);
  const measured = metricsRoutes({ config, metrics, measure: () => gauges.measure() });
  const repositories = openRepositories(dependencies.database);
  const forBots = routesForBots(dependencies, repositories);

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.trustedProxies);
  app.use(requestLog(logger), dataHeaders, answerUnchanged);
  // First, because Express tries one after the other.
  app.use('/v1', personalData, authenticate(config.apiTokens), limitRate(config.rateLimitPerMinute, logger));
  for (const { router } of forBots) app.use(router);
  app.use(health.router, measured.router);
  app.use(documentRoutes([...forBots, health, measured]).router);
  app.use(docsRouter());
  app.use(adminRouter({ config, units, schedule, exports: repositories.exports, logger }));
  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

function routesForBots({ config, units, watcher, waits }: AppDependencies, repositories: Repositories): Routes[] {
  const { ledger } = repositories;
  const { maxUnitBytes } = config;
  const states = new UnitStates(units, ledger, watcher);
  return [
    usersRoutes(repositories),
    sessionsRoutes(repositories),
    recordsRoutes(repositories),
    operationsRoutes({ intake: new Intake(units, ledger), states, waits, maxUnitBytes }),
  ];
}

/** No cache but the caller's own may keep an answer, and that one has to ask whether it still holds. */
const personalData: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'private, no-cache');
  next();
};
