import { existsSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { type Config, readConfig } from '../config.js';
import { Database, type DatabaseOptions } from '../database.js';
import { ConfigError } from '../errors.js';
import { type Closable, closeOnSignal, exitOnBug } from '../lifecycle.js';
import { createLogger, type Logger } from '../logger.js';
import { openMetrics } from '../metrics.js';
import { waitForBackends } from './startup.js';

/** What every part is started with. */
export interface PartDependencies {
  config: Config;
  database: Database;
  metrics: Registry;
  logger: Logger;
}

/** Whether a part serves HTTP, and how it uses the database. */
interface PartOptions extends Pick<DatabaseOptions, 'lookupsOnly'> {
  serves?: boolean;
  timeouts?: (config: Config) => Pick<DatabaseOptions, 'statementTimeoutMs' | 'lockTimeoutMs'>;
}

/**
 * Runs one part as this process, until SIGTERM or SIGINT.
 *
 * @param name stands in the log
 * @param start starts the part
 * @param options whether it serves HTTP, and how it uses the database
 */
export function runPart<T extends Closable>(
  name: string,
  start: (dependencies: PartDependencies) => Promise<T>,
  { serves = false, lookupsOnly = false, timeouts = () => ({}) }: PartOptions = {},
): Promise<void> {
  return endOnError(async () => {
    const config = readConfig(environment(), { serves });
    const logger = createLogger(name, config.logLevel);
    const { databaseUrl: url, databasePoolSize: poolSize } = config;
    const database = new Database({ url, poolSize, lookupsOnly, ...timeouts(config) });
    const opened: Closable[] = [database];
    exitOnBug(logger);
    closeOnSignal(opened, logger, config.shutdownTimeoutMs);
    await waitForBackends({ config, database, logger });
    const metrics = openMetrics(database);
    opened.push(await start({ config, database, metrics, logger }));
    // What serves HTTP has them at /metrics beside all else.
    if (config.metricsPort > 0 && !serves) {
      const { startMetricsServer } = await import('../api/metrics-server.js');
      opened.push(await startMetricsServer({ config, database, metrics, logger }));
    }
  });
}

/** The environment, with what a `.env` in the working directory adds to it. */
export function environment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** Ends this process when something fails: with 2 for wrong settings, else with 1; without a stack trace. */
export async function endOnError(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`botledger: ${(error as Error).message || error}`);
    if (process.env['LOG_LEVEL'] === 'debug') console.error((error as Error).stack);
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}
