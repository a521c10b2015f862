import { Writable } from 'node:stream';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { startApi } from '../../src/api/server.js';
import { type Config, readConfig } from '../../src/config.js';
import { Database } from '../../src/database.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { UNITS_QUEUE } from '../../src/queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { type dialects, freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';

export const SPIN_TOKEN = 'token-of-the-spin-bot';
export const QUIZ_TOKEN = 'token-of-the-quiz-bot';
export const ADMIN = { user: 'boss', password: 'correct horse battery' };

/** A running API with a database and a Redis of its own. */
export interface TestApi extends Closable {
  url: string;
  config: Config;
  redisUrl: string;
  database: Database;
  /** The queue of the units, as a producer sees it. */
  units: Queue;
  /** The token for every bot that development makes up. */
  developmentToken: string;
  /** What was logged, one object per line. */
  logged: Record<string, unknown>[];
  /** GET with a token; by default that of spin_bot. */
  get(path: string, options?: RequestOptions): Promise<Response>;
  /** POST with a token and a body: text as it is, anything else as JSON. */
  post(path: string, body: unknown, options?: RequestOptions): Promise<Response>;
}

interface RequestOptions {
  token?: string;
  headers?: Record<string, string>;
}

interface TestApiOptions {
  dialect?: (typeof dialects)[number];
  migrated?: boolean;
  /** Instead of a fresh one. */
  databaseUrl?: string;
  redisUrl?: string;
  env?: Record<string, string | undefined>;
}

/** Starts an API on a free port. */
export async function startTestApi({
  dialect = 'sqlite',
  migrated = true,
  databaseUrl,
  redisUrl,
  env = {},
}: TestApiOptions = {}): Promise<TestApi> {
  const fresh = databaseUrl ? openDatabase(databaseUrl) : await freshDatabase(dialect, { migrated });
  const config = readConfig({
    DATABASE_URL: fresh.url,
    REDIS_URL: redisUrl ?? (await freshRedisUrl()),
    PORT: '0',
    API_TOKENS: `spin_bot:${SPIN_TOKEN},quiz_bot:${QUIZ_TOKEN}`,
    ADMIN_USER: ADMIN.user,
    ADMIN_PASSWORD: ADMIN.password,
    ...env,
  });
  const logged: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, collectLines(logged));
  const api = await startApi({ config, database: fresh.database, logger });
  const redis = openWorkerRedis(config.redisUrl);
  const units = new Queue(UNITS_QUEUE, { connection: redis });
  units.on('error', () => undefined);

  const request = (path: string, { token = SPIN_TOKEN, headers = {} }: RequestOptions = {}, more: RequestInit = {}) =>
    fetch(api.url + path, { headers: { authorization: `Bearer ${token}`, ...headers }, redirect: 'manual', ...more });

  return {
    url: api.url,
    config,
    redisUrl: config.redisUrl,
    database: fresh.database,
    units,
    developmentToken: config.generated.apiToken ?? '',
    logged,
    get: request,
    post: (path, body, { headers = {}, ...rest } = {}) =>
      request(
        path,
        { headers: { 'content-type': 'application/json', ...headers }, ...rest },
        { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) },
      ),
    close: () => closeAll([fresh, { close: async () => redis.disconnect() }, units, api]),
  };
}

/** Logs the admin in, or somebody else; returns the headers that show it. */
export async function logIn({ url }: Pick<TestApi, 'url'>, account = ADMIN): Promise<{ cookie: string }> {
  const response = await fetch(`${url}/admin/login`, {
    method: 'POST',
    headers: { origin: url },
    body: new URLSearchParams(account),
    redirect: 'manual',
  });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  return { cookie: cookies.join('; ') };
}

function openDatabase(url: string) {
  const database = new Database({ url, lookupsOnly: true });
  return { database, url, close: () => database.close() };
}

function collectLines(lines: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
}

/** What a problem says, checked for the shape that all problems have. */
export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const { status, headers } = response;
  const body = (await response.json()) as Record<string, unknown>;
  const { type, title, status: stated, detail, instance, errors, ...rest } = body;
  const texts = [type, title, detail, instance].every((text) => typeof text === 'string' && text !== '');
  const shape = [
    headers.get('content-type'),
    stated,
    texts,
    Object.keys(rest),
    errors === undefined || Array.isArray(errors),
  ];
  const expected = ['application/problem+json; charset=utf-8', status, true, [], true];
  if (JSON.stringify(shape) !== JSON.stringify(expected)) {
    throw new Error(`not a problem of the usual shape: ${JSON.stringify(body)}`);
  }
  return body;
}
