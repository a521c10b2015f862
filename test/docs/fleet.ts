import { startApi } from '../../src/api/server.js';
import { readConfig } from '../../src/config.js';
import type { Database } from '../../src/database.js';
import { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { openRepositories, type Repositories } from '../../src/repositories/index.js';
import { startWorker } from '../helpers/commit-worker.js';
import { freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';

/** Two bots, a commit worker and the API, on Redis and SQLite. */
export interface Fleet extends Closable {
  readonly spin: BotLedger;
  readonly quiz: BotLedger;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly apiUrl: string;
  readonly spinToken: string;
  readonly quizToken: string;
  readonly repositories: Repositories;
  /** The methods of the ledgers that were called. */
  readonly called: Set<string>;
  /** The Telegram id of somebody new, too large for the old column. */
  someone(): number;
}

export async function startFleet(): Promise<Fleet> {
  const opened: Closable[] = [];
  const fresh = await freshDatabase('sqlite');
  opened.push(fresh);
  const redisUrl = await freshRedisUrl();
  const [spinToken, quizToken] = ['token-of-the-spin-bot', 'token-of-the-quiz-bot'];
  const { database, url: databaseUrl } = fresh;
  opened.push(await startWorker(database, redisUrl));
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    PORT: '0',
    API_TOKENS: `spin_bot:${spinToken},quiz_bot:${quizToken}`,
  });
  const api = await startApi({ config, database, logger: createLogger('test', 'silent') });
  opened.push(api);

  const called = new Set<string>();
  const open = (bot: string, apiToken: string) => {
    const ledger = new BotLedger({ bot, redisUrl, apiUrl: api.url, apiToken });
    opened.push(ledger);
    return noting(ledger, called);
  };
  let lastId = 7_000_000_000;
  return {
    spin: open('spin_bot', spinToken),
    quiz: open('quiz_bot', quizToken),
    database,
    databaseUrl,
    redisUrl,
    apiUrl: api.url,
    spinToken,
    quizToken,
    repositories: openRepositories(database),
    called,
    someone: () => ++lastId,
    close: () => closeAll(opened),
  };
}

/** The same ledger, with a note of every method that is called on it. */
function noting(ledger: BotLedger, called: Set<string>): BotLedger {
  return new Proxy(ledger, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      called.add(String(name));
      return value.bind(target);
    },
  });
}
