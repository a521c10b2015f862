import { join } from 'node:path';
import { startApi } from '../api/server.js';
import { commitTimeouts, startCommitWorker } from '../commit/worker.js';
import { type Config, readConfig } from '../config.js';
import { Database } from '../database.js';
import { freePort } from '../embedded/port.js';
import { startEmbeddedRedis } from '../embedded/redis.js';
import { type Closable, closeAll, closeOnSignal, exitOnBug } from '../lifecycle.js';
import { createLogger, type Logger } from '../logger.js';
import { openMetrics } from '../metrics.js';
import { startSchedule } from '../schedule/worker.js';
import { digestOf, randomToken } from '../secrets.js';
import { keepCredentials } from './credentials.js';
import { environment } from './process.js';
import { waitForBackends } from './startup.js';

/** Where the embedded Redis and SQLite keep their data, below the working directory. */
const DATA = 'data';

const USUAL_PORT = 3000;

/** All parts of botledger in this process. */
export interface AllInOne extends Closable {
  readonly config: Config;
  readonly database: Database;
  readonly logger: Logger;
  /** Where the API listens. */
  readonly url: string;
  /** The tokens of this run, by bot. */
  readonly tokens: ReadonlyMap<string, string>;
}

interface StartOptions {
  logLevel?: string;
  bots?: readonly string[];
}

/**
 * Starts everything in this process: on the Redis and the database of the settings, or else on a private Redis and an
 * SQLite file in `./data`. SIGTERM, SIGINT and a terminal that is closed end it in order.
 *
 * @param logLevel unless LOG_LEVEL says otherwise
 * @param bots get an API token for this run, beside any that they have, and a secret if others have
 */
export async function startAllInOne({ logLevel = 'info', bots = [] }: StartOptions = {}): Promise<AllInOne> {
  const env: NodeJS.ProcessEnv = { LOG_LEVEL: logLevel, ...environment() };
  const hasRedis = Boolean(env['REDIS_URL']?.trim());
  const settings = readConfig(env, {
    databaseUrl: `sqlite:./${join(DATA, 'botledger.sqlite')}`,
    redisUrl: 'redis://127.0.0.1',
  });
  const logger = createLogger('botledger', settings.logLevel);

  const opened: Closable[] = [];
  exitOnBug(logger);
  closeOnSignal(opened, logger, settings.shutdownTimeoutMs);
  process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
  const close = () => closeAll(opened.splice(0));
  const open = async <T extends Closable>(opening: Promise<T> | T): Promise<T> => {
    const closable = await opening;
    opened.push(closable);
    return closable;
  };
  try {
    const redisUrl = hasRedis ? settings.redisUrl : (await open(startPrivateRedis())).url;
    // Somebody else on the usual port is no reason to fail, unless the port was asked for.
    const port = env['PORT'] ? settings.port : await freePort(USUAL_PORT);
    const kept = keepCredentials({ ...settings, redisUrl, port }, join(DATA, 'credentials.json'));
    const tokens = new Map(bots.map((bot) => [bot, randomToken()]));
    const ofThisRun = [...tokens].map(([bot, token]) => ({ bot, digest: digestOf(token) }));
    const config = {
      ...kept,
      apiTokens: [...kept.apiTokens, ...ofThisRun],
      botSecrets: withSecrets(kept.botSecrets, bots),
    };

    const database = await open(openDatabase(config));
    await waitForBackends({ config, database, logger });
    await database.migrate();
    // SQLite has one writer, so all parts share one Database, which lets them take turns.
    const forLookups =
      database.dialect === 'sqlite'
        ? database
        : await open(openDatabase(config, { lookupsOnly: true, ...commitTimeouts(config) }));
    const metrics = openMetrics(database, forLookups);
    await open(startCommitWorker({ config, database: forLookups, metrics, logger }));
    await open(startSchedule({ config, database, metrics, logger }));
    const { url } = await open(startApi({ config, database: forLookups, metrics, logger }));
    return { config, database, logger, url, tokens, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function withSecrets(secrets: Config['botSecrets'], bots: readonly string[]): Config['botSecrets'] {
  const missing = bots.filter((bot) => !secrets?.has(bot));
  return secrets && new Map([...secrets, ...missing.map((bot) => [bot, [randomToken()]] as const)]);
}

function openDatabase({ databaseUrl: url, databasePoolSize: poolSize }: Config, options = {}): Database {
  return new Database({ url, poolSize, ...options });
}

async function startPrivateRedis(): Promise<Closable & { url: string }> {
  const redis = await startEmbeddedRedis({ directory: join(DATA, 'redis') });
  let closing = false;
  redis.exited.then((reason) => {
    if (closing) return;
    console.error(`botledger: the private Redis is gone: ${reason}\nStart again: what it had written to disk is kept`);
    process.exit(1);
  });
  return {
    url: redis.url,
    close() {
      closing = true;
      return redis.close();
    },
  };
}
