import type { Queue } from 'bullmq';
import express, { type Express, type RequestHandler } from 'express';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Database } from '../database.js';
import type { EventQueues } from '../event-queue.js';
import type { JobWatchers } from '../job-watcher.js';
import type { Logger } from '../logger.js';
import { gaugeDatabase, gaugeRedis } from '../metrics.js';
import { signersOf } from '../operations/signature.js';
import type { UnitQueues } from '../queue.js';
import type { RedisClient } from '../redis.js';
import { openRepositories, type Repositories } from '../repositories/index.js';
import { adminRouter } from './admin/router.js';
import { authenticator } from './auth.js';
import { answerUnchanged } from './conditional.js';
import { docsRouter, documentRoutes } from './docs.js';
import { dataHeaders } from './headers.js';
import { answers, healthRoutes } from './health.js';
import { metricsRoutes } from './metrics.js';
import { operationsRoutes } from './operations.js';
import { notFound, problemHandler } from './problem.js';
import { QueueGauges } from './queue-gauges.js';
import { limitRate } from './rate-limit.js';
import { recordsRoutes } from './records.js';
import { fromReplicas, type Replica } from './replicas.js';
import { onceAnswered, requestLog } from './request-log.js';
import { requestMetrics } from './request-metrics.js';
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
    | 'admin'
    | 'apiTokens'
    | 'boardPayloads'
    | 'botSecrets'
    | 'maxUnitBytes'
    | 'metricsToken'
    | 'production'
    | 'queuePartitions'
    | 'rateLimitPerMinute'
    | 'trustedProxies'
    | 'viewer'
  >;
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
  /** What the bots are told of. */
  events: EventQueues;
  /** What this process measures. */
  metrics: Registry;
  logger: Logger;
}

/** The HTTP API with its health checks and its documentation, and Bull Board behind its login. */
export function createApp(dependencies: AppDependencies): Express {
  const { config, database, replicas, redis, units, schedule, events, metrics, logger } = dependencies;
  const health = healthRoutes(dependencies);
  const gauges = new QueueGauges(metrics, [...units.all, schedule], events, redis);
  gaugeRedis(metrics, redis);
  gaugeDatabase(metrics, () => answers(database));
  const measured = metricsRoutes({ config, metrics, measure: () => gauges.measure() });
  const repositories = openRepositories(database);
  const forBots = routesForBots(dependencies, repositories);

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.trustedProxies);
  app.use(onceAnswered(requestLog(logger), requestMetrics(metrics)), dataHeaders, answerUnchanged);
  // First, because Express tries one after the other.
  app.use('/v1', forCallers(dependencies));
  app.use(fromReplicas(replicas.map(readReplica), logger));
  const described = [...forBots, health, measured];
  for (const routes of [...described, documentRoutes(described)]) routes.addTo(app);
  app.use(docsRouter());
  app.use(adminRouter({ config, units, schedule, events, exports: repositories.exports, logger }));
  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

function routesForBots({ config, units, watchers, waits }: AppDependencies, repositories: Repositories): Routes[] {
  const { ledger } = repositories;
  const { maxUnitBytes } = config;
  const states = new UnitStates(units, ledger, watchers);
  const signers = config.botSecrets && signersOf(config.botSecrets);
  const operations = operationsRoutes({ intake: new Intake(units, ledger), states, waits, maxUnitBytes, signers });
  return [...readsFrom(repositories), operations];
}

/** The routes that read a database and nothing else. */
function readsFrom(repositories: Repositories): Routes[] {
  return [usersRoutes(repositories), sessionsRoutes(repositories), recordsRoutes(repositories)];
}

function readReplica(database: Database): Replica {
  const repositories = openRepositories(database);
  return { ledger: repositories.ledger, routes: readsFrom(repositories) };
}

/** Lets in who has a token, as often as that may ask. One handler: Express matches and cuts the path for each anew. */
function forCallers({ config }: AppDependencies): RequestHandler {
  const callerOf = authenticator(config.apiTokens);
  const limited = limitRate(config.rateLimitPerMinute);
  return (req, res, next) => {
    // No cache but the caller's own may keep an answer, and that one has to ask whether it still holds.
    res.setHeader('Cache-Control', 'private, no-cache');
    res.locals.caller = callerOf(req);
    return limited(req, res, next);
  };
}
