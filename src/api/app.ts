import type { Queue } from 'bullmq';
import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import type { JobWatchers } from '../job-watcher.js';
import type { Logger } from '../logger.js';
import type { UnitQueues } from '../queue.js';
import type { RedisClient } from '../redis.js';
import { openRepositories } from '../repositories/index.js';
import { adminRouter } from './admin/router.js';
import { authenticate } from './auth.js';
import { answerUnchanged } from './conditional.js';
import { docsRouter, documentRoutes } from './docs.js';
import { dataHeaders } from './headers.js';
import { healthRoutes } from './health.js';
import { operationsRoutes } from './operations.js';
import { notFound, problemHandler } from './problem.js';
import { limitRate } from './rate-limit.js';
import { recordsRoutes } from './records.js';
import { fromReplicas } from './replicas.js';
import { requestLog } from './request-log.js';
import type { Routes } from './route.js';
import { sessionsRoutes } from './sessions.js';
import { Intake } from './units/intake.js';
import { UnitStates } from './units/states.js';
import type { Waits } from './units/waits.js';
import { usersRoutes } from './users.js';

/** What the app answers from. */
export interface AppDependencies {
  config: Pick<Config, 'admin' | 'apiTokens' | 'maxUnitBytes' | 'rateLimitPerMinute' | 'trustedProxies'>;
  database: Database;
  /** Standbys of the database, which reads are spread over. */
  replicas: readonly Database[];
  redis: RedisClient;
  /** The queues of the units. */
  units: UnitQueues;
  /** Tells how jobs of those queues end. */
  watchers: JobWatchers;
  /** The requests that wait for that. */
  waits: Waits;
  /** The queue of the scheduled jobs. */
  schedule: Queue;
  logger: Logger;
}

/** Bytes. To compress a session of 3 KB takes 0.15 ms, and bots are near: that is as long as its whole answer takes. */
const WORTH_COMPRESSING = 8_192;

/** The HTTP API with its health checks and its documentation, and Bull Board behind its login. */
export function createApp(dependencies: AppDependencies): Express {
  const { config, replicas, units, schedule, logger } = dependencies;
  const health = healthRoutes(dependencies);
  const forBots = routesForBots(dependencies);

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.trustedProxies);
  app.use(requestLog(logger), compression({ threshold: WORTH_COMPRESSING }), dataHeaders, answerUnchanged);
  app.use(health.router);
  app.use(documentRoutes([...forBots, health]).router);
  app.use(docsRouter());
  app.use('/v1', personalData, authenticate(config.apiTokens), limitRate(config.rateLimitPerMinute, logger));
  app.use(fromReplicas(replicas.map(readingFrom), logger));
  for (const { router } of forBots) app.use(router);
  app.use(adminRouter({ config, units, schedule, logger }));
  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

function routesForBots({ config, database, units, watchers, waits }: AppDependencies): Routes[] {
  const { ledger, routes } = readingFrom(database);
  const { maxUnitBytes } = config;
  const states = new UnitStates(units, ledger, watchers);
  return [...routes, operationsRoutes({ intake: new Intake(units, ledger), states, waits, maxUnitBytes })];
}

/** The routes that read a database and nothing else. */
function readingFrom(database: Database) {
  const repositories = openRepositories(database);
  const routes = [usersRoutes(repositories), sessionsRoutes(repositories), recordsRoutes(repositories)];
  return { ledger: repositories.ledger, routes };
}

/** No cache but the caller's own may keep an answer, and that one has to ask whether it still holds. */
const personalData: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'private, no-cache');
  next();
};
