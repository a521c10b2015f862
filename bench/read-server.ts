import { startApi } from '../src/api/server.js';
import { readConfig } from '../src/config.js';
import { Database } from '../src/database.js';
import { createLogger } from '../src/logger.js';
import { startBareServer } from './bare-server.js';
import { serve, settings } from './serve.js';
import { BOT } from './workload.js';

// A server to read from, in a process of its own: the API as workers/api.js starts it, or a bare one.

/** Which server, and where it finds the data. */
export interface ReadServerSettings {
  kind: 'api' | 'bare';
  databaseUrl: string;
  redisUrl: string;
  token: string;
}

const { kind, databaseUrl, redisUrl, token } = settings<ReadServerSettings>();

serve({
  /** Starts it and says where it listens. */
  async listen(): Promise<string> {
    if (kind === 'bare') return startBareServer(databaseUrl);
    const env = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      PORT: '0',
      API_TOKENS: `${BOT}:${token}`,
      // Counted as always, and never reached.
      RATE_LIMIT_PER_MINUTE: '1000000000',
    };
    const config = readConfig(env);
    const database = new Database({
      url: databaseUrl,
      poolSize: config.databasePoolSize,
      lookupsOnly: true,
    });
    const { url } = await startApi({ config, database, logger: createLogger('api', config.logLevel) });
    return url;
  },
});
