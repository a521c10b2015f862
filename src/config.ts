import { defaultSettings, type Settings } from './domain/settings.js';
import { type Tariffs, tariffTable } from './domain/tariffs.js';
import { ConfigError } from './errors.js';
import { DEFAULT_SESSION_TTL_SECONDS, SESSION_TTL_BOUNDS } from './hot/sessions.js';
import type { BotSecrets } from './operations/signature.js';
import { botName, DEFAULT_MAX_UNIT_BYTES, describe } from './operations/unit.js';
import { MOST_PARTITIONS } from './queue.js';
import { checkRedisUrl } from './redis.js';
import { digestOf, isDigest, randomPassword, randomToken, readDigest, readHash } from './secrets.js';

/** Every setting of every process, read once and checked. */
export interface Config {
  readonly production: boolean;
  /** `postgres://…` or `sqlite:./file`. */
  readonly databaseUrl: string;
  /** Standbys of a PostgreSQL, which the API reads from. */
  readonly databaseReplicaUrls: readonly string[];
  /** One Redis, one behind Sentinels, or a Redis Cluster. */
  readonly redisUrl: string;
  /** How many queues carry units; all processes and bots must agree. */
  readonly queuePartitions: number;
  readonly host: string;
  readonly port: number;
  /** How many proxies stand in front of the API: their X-Forwarded headers are believed, nobody else's. */
  readonly trustedProxies: number;
  /** What is kept of the bearer tokens of the API. In development without API_TOKENS: one made-up token, for ANY_BOT. */
  readonly apiTokens: readonly ApiToken[];
  /** What the bots sign their units with; undefined when units are not signed. */
  readonly botSecrets: BotSecrets | undefined;
  /** Who may do everything in Bull Board. */
  readonly admin: Login;
  /** Who may look at it and change nothing; nobody unless set. */
  readonly viewer: Login | undefined;
  /** Whether the admin sees in Bull Board what is in units and events; the viewer never does. */
  readonly boardPayloads: 'shown' | 'redacted';
  /** What was made up for this run because nothing was set (never in production). */
  readonly generated: { readonly adminPassword: string | undefined; readonly apiToken: string | undefined };
  /** Most requests of one token to one API process; 0 for as many as it likes. */
  readonly rateLimitPerMinute: number;
  /** Where a process without an API serves its metrics; 0 for nowhere. */
  readonly metricsPort: number;
  /** Digest of what who asks for metrics shows. Without one they are open to everybody, in production to nobody. */
  readonly metricsToken: Buffer | undefined;
  /** Whether units are traced with OpenTelemetry. */
  readonly tracing: boolean;
  readonly logLevel: string;
  /** Most units that one transaction commits; one counts as often as it has operations. */
  readonly batchMaxUnits: number;
  /** Most JSON, in bytes, that one transaction commits. */
  readonly batchMaxBytes: number;
  /** Jobs that one commit worker holds at once: those in the running batch and those collected for the next. */
  readonly workerConcurrency: number;
  /** After this long without a sign of life from its worker, a job goes to another. */
  readonly stalledAfterMs: number;
  readonly maxUnitBytes: number;
  /** How long a session stays in Redis after its last commit. */
  readonly sessionTtlSeconds: number;
  readonly databasePoolSize: number;
  /** What this installation decides about the rules. */
  readonly settings: Settings;
  readonly ledgerRetentionDays: number;
  /** How long events are kept after they were handed to the bots. */
  readonly outboxRetentionDays: number;
  /** How many days before its end a user is reminded of a subscription. */
  readonly remindDays: readonly number[];
  readonly shutdownTimeoutMs: number;
  /** How long a start waits for Redis and the database. */
  readonly startupWaitMs: number;
  /** Whether a Redis that may lose jobs is refused, or only warned of. */
  readonly redisChecks: 'refuse' | 'warn';
}

/** A token of the API: the bot that it speaks for, and its SHA-256 digest. A bot may have several. */
export interface ApiToken {
  readonly bot: string;
  readonly digest: Buffer;
}

/** A way into the admin pages. */
export interface Login {
  readonly user: string;
  /** The password itself, or `scrypt:<salt>:<hash>`. */
  readonly password: string;
}

/** What readConfig is to know of who asks. */
export interface ConfigOptions {
  /** Whether this process serves HTTP: only then production wants tokens and the admin's login. */
  serves?: boolean;
  /** For `botledger start`: the embedded database and Redis. */
  databaseUrl?: string;
  redisUrl?: string;
}

/** Stands in `apiTokens` for every bot. No bot can have this name. */
export const ANY_BOT = '*';

type Environment = Readonly<Record<string, string | undefined>>;

const COPY_EXAMPLE = 'copy .env.example to .env';

/** A whole number within bounds; says which it wants. */
const whole = (min: number, max: number, byDefault: number) => (value: string | undefined) => {
  const number = value === undefined ? byDefault : Number(value);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new Error(`must be a whole number from ${min} to ${max}`);
};

/**
 * Reads the whole configuration from the environment.
 *
 * @param env the environment, usually `process.env`
 * @param options who asks, and what stands in for settings that are absent
 * @throws ConfigError with every problem at once, each with its remedy
 */
export function readConfig(env: Environment, { serves = true, ...fallbacks }: ConfigOptions = {}): Config {
  const problems: string[] = [];
  const production = env['NODE_ENV'] === 'production';

  const read = <T>(name: string, parse: (value: string | undefined) => T, otherwise: T): T => {
    try {
      return parse(env[name]?.trim() || undefined);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`);
      return otherwise;
    }
  };
  const number = (name: string, parse: (value: string | undefined) => number) => read(name, parse, 0);

  const secretsNeeded = production && serves;
  const apiTokens = read('API_TOKENS', (value) => readTokens(value, { production, needed: secretsNeeded }), []);
  const apiToken = apiTokens ? undefined : randomToken();
  const readPassword = (name: string) => read(name, (value) => checkPassword(value, production), 'unfit');
  const [admin, viewer] = ['ADMIN', 'VIEWER'].map((role): Login | undefined => {
    const user = env[`${role}_USER`]?.trim();
    const password = readPassword(`${role}_PASSWORD`);
    if (user && password) return { user, password };
    const needed = role === 'ADMIN' && secretsNeeded;
    if (needed || user || password) {
      problems.push(
        `${role}_USER and ${role}_PASSWORD must both be set: they guard Bull Board` +
          (needed ? ', and production does not start without them' : ''),
      );
    }
    return undefined;
  });
  const adminPassword = admin ? undefined : randomPassword();
  if (viewer && viewer.user === (admin?.user ?? 'admin')) {
    problems.push('VIEWER_USER must be another name than ADMIN_USER: it tells who logs in');
  }

  const databaseUrl = read('DATABASE_URL', (value) => readDatabaseUrl(value ?? fallbacks.databaseUrl), '');
  const config: Config = {
    production,
    databaseUrl,
    databaseReplicaUrls: read('DATABASE_REPLICA_URLS', (value) => readReplicaUrls(value, databaseUrl), []),
    redisUrl: read('REDIS_URL', (value) => readRedisUrl(value ?? fallbacks.redisUrl), ''),
    queuePartitions: number('QUEUE_PARTITIONS', whole(1, MOST_PARTITIONS, 1)),
    host: read('HOST', (value) => value ?? '127.0.0.1', ''),
    port: number('PORT', whole(0, 65_535, 3000)),
    trustedProxies: number('TRUSTED_PROXIES', whole(0, 10, 0)),
    apiTokens: apiTokens ?? [{ bot: ANY_BOT, digest: digestOf(apiToken as string) }],
    botSecrets: read('BOT_SECRETS', (value) => readSecrets(value, production), undefined),
    admin: admin ?? { user: 'admin', password: adminPassword as string },
    viewer,
    boardPayloads: read('BOARD_PAYLOADS', readPayloads(production ? 'redacted' : 'shown'), 'redacted'),
    generated: { adminPassword, apiToken },
    rateLimitPerMinute: number('RATE_LIMIT_PER_MINUTE', whole(0, 1_000_000_000, 60_000)),
    metricsPort: number('METRICS_PORT', whole(0, 65_535, 0)),
    metricsToken: read('METRICS_TOKEN', (value) => readSecret(value, production), Buffer.alloc(0)),
    tracing: read('TRACING', readSwitch(false), false),
    logLevel: read('LOG_LEVEL', readLogLevel, 'info'),
    batchMaxUnits: number('BATCH_MAX_UNITS', whole(1, 10_000, 4_000)),
    batchMaxBytes: number('BATCH_MAX_BYTES', whole(1_024, 268_435_456, 8_388_608)),
    workerConcurrency: number('WORKER_CONCURRENCY', whole(1, 10_000, 400)),
    stalledAfterMs: number('STALLED_AFTER_SECONDS', whole(2, 600, 30)) * 1_000,
    maxUnitBytes: number('MAX_UNIT_BYTES', whole(1_024, 16_777_216, DEFAULT_MAX_UNIT_BYTES)),
    sessionTtlSeconds: number('SESSION_TTL_SECONDS', whole(...SESSION_TTL_BOUNDS, DEFAULT_SESSION_TTL_SECONDS)),
    databasePoolSize: number('DATABASE_POOL_SIZE', whole(1, 200, 10)),
    settings: {
      tariffs: read('TARIFFS', readTariffs, defaultSettings.tariffs),
      keepPayments: read('KEEP_PAYMENTS', readSwitch(defaultSettings.keepPayments), true),
    },
    remindDays: read('REMIND_DAYS', readDays, []),
    ledgerRetentionDays: number('LEDGER_RETENTION_DAYS', whole(1, 3_650, 30)),
    outboxRetentionDays: number('OUTBOX_RETENTION_DAYS', whole(1, 3_650, 7)),
    shutdownTimeoutMs: number('SHUTDOWN_TIMEOUT_SECONDS', whole(1, 600, 25)) * 1_000,
    startupWaitMs: number('STARTUP_WAIT_SECONDS', whole(0, 3_600, 60)) * 1_000,
    redisChecks: read('REDIS_CHECKS', (value) => readRedisChecks(value, production), 'refuse'),
  };
  const { metricsPort, metricsToken } = config;
  if (production && metricsPort > 0 && !metricsToken) {
    problems.push('METRICS_TOKEN is missing: METRICS_PORT serves nobody in production without it');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

const SHORTEST_SECRET = 12;

function readDatabaseUrl(value: string | undefined): string {
  if (!value) throw new Error(`is missing: ${COPY_EXAMPLE}`);
  if (/^sqlite:.+/.test(value) && !value.includes(':memory:')) return value;
  if (isPostgres(value)) return value;
  throw new Error('must be postgres://user:password@host:5432/name or sqlite:./data/botledger.sqlite');
}

function readReplicaUrls(value: string | undefined, databaseUrl: string): string[] {
  const urls = (value ?? '').split(',').flatMap((url) => url.trim() || []);
  if (urls.length > 0 && databaseUrl.startsWith('sqlite:'))
    throw new Error('must be empty: SQLite has no replicas, so set DATABASE_URL to a PostgreSQL, or remove it');
  if (urls.every(isPostgres)) return urls;
  throw new Error('must be postgres://user:password@host:5432/name, with commas between several');
}

const isPostgres = (url: string) => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url);

function readRedisUrl(value: string | undefined): string {
  if (!value) throw new Error(`is missing: ${COPY_EXAMPLE}`);
  return checkRedisUrl(value);
}

function readRedisChecks(value: string | undefined, production: boolean): Config['redisChecks'] {
  if (value === undefined) return production ? 'refuse' : 'warn';
  if (value !== 'refuse' && value !== 'warn') throw new Error('must be refuse or warn');
  return value;
}

function readLogLevel(value = 'info'): string {
  const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
  if (!levels.includes(value)) throw new Error(`must be one of ${levels.join(', ')}`);
  return value;
}

function readTariffs(value: string | undefined): Tariffs {
  if (!value) return defaultSettings.tariffs;
  const parsed = tariffTable.safeParse(parseJson(value));
  if (parsed.success) return parsed.data;
  throw new Error(
    `must be JSON like {"month":{"type":"MONTH","durationDays":30}}: ${describe('', parsed.error).join('; ')}`,
  );
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function readDays(value = '3,1'): number[] {
  const days = value.split(',').map(Number);
  const fit = days.every((number) => Number.isInteger(number) && number >= 1 && number <= 365);
  if (!fit || new Set(days).size < days.length)
    throw new Error('must be different whole numbers from 1 to 365, e.g. 3,1');
  return days;
}

const readSwitch = (byDefault: boolean) => (value: string | undefined) => {
  if (value !== undefined && !['true', 'false'].includes(value)) throw new Error('must be true or false');
  return value === undefined ? byDefault : value === 'true';
};

const readPayloads = (byDefault: Config['boardPayloads']) => (value: string | undefined) => {
  if (value !== undefined && value !== 'shown' && value !== 'redacted') throw new Error('must be shown or redacted');
  return value ?? byDefault;
};

function readSecret(value: string | undefined, production: boolean): Buffer | undefined {
  return value === undefined ? undefined : readDigest(isDigest(value) ? value : longEnough(value, production));
}

function checkPassword(value: string | undefined, production: boolean): string | undefined {
  return value === undefined || readHash(value) ? value : longEnough(value, production);
}

function longEnough(value: string, production: boolean): string {
  if (!production || value.length >= SHORTEST_SECRET) return value;
  throw new Error(`must have at least ${SHORTEST_SECRET} characters in production`);
}

function readTokens(
  value: string | undefined,
  { production, needed }: { production: boolean; needed: boolean },
): ApiToken[] | undefined {
  if (!value) {
    if (needed) throw new Error('is missing: set it to bot:token pairs, made with `botledger token <bot>`');
    return undefined;
  }
  const tokens: ApiToken[] = [];
  for (const pair of value.split(',')) {
    const [bot = '', ...rest] = pair.trim().split(':');
    const token = rest.join(':');
    if (!botName.safeParse(bot).success || !token) {
      throw new Error('must be bot:token pairs with commas between them, e.g. spin_bot:secret1,quiz_bot:secret2');
    }
    if (production && needed && !isDigest(token) && token.length < SHORTEST_SECRET) {
      throw new Error(`has a token shorter than ${SHORTEST_SECRET} characters for ${bot}: use a long random one`);
    }
    const digest = readDigest(token);
    const holder = tokens.find((other) => other.digest.equals(digest));
    if (holder) throw new Error(`gives ${bot} a token that ${holder.bot === bot ? 'it' : 'another bot'} has already`);
    tokens.push({ bot, digest });
  }
  return tokens;
}

const SHORTEST_BOT_SECRET = 16;

function readSecrets(value: string | undefined, production: boolean): BotSecrets | undefined {
  if (!value) return undefined;
  const secrets = new Map<string, string[]>();
  const owners = new Map<string, string>();
  for (const pair of value.split(',')) {
    const [bot = '', ...rest] = pair.trim().split(':');
    const secret = rest.join(':');
    if (!botName.safeParse(bot).success || !secret) {
      throw new Error('must be bot:secret pairs with commas between them, e.g. spin_bot:secret1,quiz_bot:secret2');
    }
    if (production && secret.length < SHORTEST_BOT_SECRET) {
      throw new Error(`has a secret shorter than ${SHORTEST_BOT_SECRET} characters for ${bot}: use a long random one`);
    }
    const owner = owners.get(secret);
    if (owner === bot) throw new Error(`gives ${bot} the same secret twice: remove one`);
    if (owner !== undefined) throw new Error(`gives ${bot} the secret of ${owner}: either could write as the other`);
    owners.set(secret, bot);
    secrets.set(bot, [...(secrets.get(bot) ?? []), secret]);
  }
  return secrets;
}
