import { Cluster, type ClusterOptions, type Command, Redis, type RedisOptions } from 'ioredis';
import { gather } from './gather.js';

/** A connection to Redis, or to all the nodes of a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** What an address of Redis says, when it is more than one server. */
interface Fleet {
  readonly kind: 'sentinel' | 'cluster';
  readonly nodes: { host: string; port: number }[];
  /** The user and password of the Redis servers, and TLS, as far as the address has them. */
  readonly access: Pick<RedisOptions, 'username' | 'password' | 'tls'>;
  /** The name under which the Sentinels know the master, and which logical database of it. */
  readonly name: string;
  readonly db: number;
  readonly sentinelPassword: string | undefined;
}

/** How the two kinds of connections differ. */
type Patience = Pick<
  RedisOptions,
  'maxRetriesPerRequest' | 'enableOfflineQueue' | 'connectTimeout' | 'reconnectOnError'
> &
  Pick<ClusterOptions, 'maxRedirections'>;

const FORMS =
  'must be redis://host:6379, rediss://user:password@host:6379, redis+sentinel://host:26379,host:26379/master-name ' +
  'or redis+cluster://host:7000,host:7001; rediss+sentinel:// and rediss+cluster:// for TLS';

/**
 * Checks an address of Redis.
 *
 * @returns the address
 * @throws Error that names the forms there are, without the address: it may hold a password
 */
export function checkRedisUrl(url: string): string {
  const fits = /^rediss?:\/\//.test(url) ? URL.canParse(url) : readFleet(url) !== undefined;
  if (!fits) throw new Error(FORMS);
  return url;
}

/** The hosts in an address of Redis, without user and password. */
export function addressOf(url: string): string {
  const fleet = readFleet(url);
  if (fleet) return fleet.nodes.map(({ host, port }) => `${host}:${port}`).join(',');
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || 6_379}`;
}

/** The connection of a worker: blocks, waits for Redis for as long as it takes, reconnects. */
export function openWorkerRedis(url: string): RedisClient {
  // A master that is gone answers again when its replica has taken over: until then each command is sent again.
  return open(url, {
    maxRetriesPerRequest: null,
    maxRedirections: Number.MAX_SAFE_INTEGER,
    reconnectOnError: (error) => isReadOnly(error) && 2,
  });
}

/**
 * The connection of a producer: a command fails at once while Redis is away, so that the caller can say so; the
 * connection itself keeps coming back.
 */
export function openProducerRedis(url: string): RedisClient {
  return open(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: NODE_PATIENCE_MS,
    reconnectOnError: isReadOnly,
  });
}

/** A master that became a replica: its address may lead to the new master by now, so the connection is made anew. */
const isReadOnly = ({ message }: Error) => message.startsWith('READONLY');

/** Whether this is a Redis Cluster: there, the keys of one queue must be in one hash slot. */
export const isCluster = (redis: RedisClient): redis is Cluster => redis instanceof Cluster;

/** The number of the logical database; a Redis Cluster has but one. */
export const databaseOf = (redis: RedisClient): number => (isCluster(redis) ? 0 : (redis.options.db ?? 0));

/** How long one server of several is asked before the next is. */
const NODE_PATIENCE_MS = 1_000;

/** How often the nodes are asked who holds which slot. Without it, a master that hangs is not left for its replica. */
const SLOTS_REFRESH_MS = 2_000;

function open(url: string, patience: Patience): RedisClient {
  const { maxRedirections = 16, ...options } = patience;
  const fleet = readFleet(url);
  if (!fleet) return quiet(new OwnRedis(url, { ...options, retryStrategy }));
  if (fleet.kind === 'sentinel') return quiet(new OwnRedis({ ...options, ...viaSentinels(fleet) }));
  const { enableOfflineQueue = true, ...ofNodes } = options;
  return endingWell(
    new Cluster(fleet.nodes, {
      enableOfflineQueue,
      maxRedirections,
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: NODE_PATIENCE_MS,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      redisOptions: { ...ofNodes, ...fleet.access },
    }),
  );
}

/**
 * Sends the commands of one turn of the event loop together; each has its own answer all the same. It knows its copies:
 * BullMQ makes one for each worker, and may connect it again while it closes.
 */
class OwnRedis extends Redis {
  // Not initialized here: the constructor of ioredis connects already.
  private copies?: OwnRedis[];
  private ended?: true;

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    // A worker's leave after what it sends to the database: that is what others wait for. Not so a bot's, which hold up
    // its caller. There is no stream before the first connection.
    const later = this.options.maxRetriesPerRequest === null ? setImmediate : process.nextTick;
    if (this.stream) gather(this.stream, later);
    return super.sendCommand(command, stream);
  }

  override duplicate(override?: Partial<RedisOptions>): never {
    const options = { ...this.options, ...override } as RedisOptions & { replyMapping?: 'legacy' };
    const copy = new OwnRedis(options);
    this.copies = [...(this.copies ?? []), copy];
    return copy as never;
  }

  override connect(callback?: (error?: Error | null) => void): Promise<void> {
    return this.ended ? Promise.reject(new Error('Connection is closed.')) : super.connect(callback);
  }

  endForGood(): void {
    this.ended = true;
    this.disconnect();
    for (const copy of this.copies ?? []) copy.endForGood();
  }
}

/** Ends a connection with its copies, for good. */
export function endRedis(redis: RedisClient): void {
  if (redis instanceof OwnRedis) redis.endForGood();
  else redis.disconnect();
}

/**
 * The timer of ioredis' `slotsRefreshInterval` goes on for ever when disconnect() comes while it asks, and the process
 * does not end: once a connection is closed, it is not told of the answer.
 */
function endingWell(cluster: Cluster): Cluster {
  const refresh = cluster.refreshSlotsCache.bind(cluster);
  cluster.refreshSlotsCache = (done) =>
    refresh((error) => {
      if (!Reflect.get(cluster, 'manuallyClosing')) done?.(error);
    });
  return quiet(cluster);
}

function viaSentinels({ nodes, access, name, db, sentinelPassword }: Fleet) {
  return {
    ...access,
    sentinels: nodes,
    name,
    db,
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(access.tls ? { sentinelTLS: access.tls, enableTLSForSentinelMode: true } : {}),
    sentinelCommandTimeout: NODE_PATIENCE_MS,
    sentinelRetryStrategy: retryStrategy,
    retryStrategy,
    // Leaves a master as soon as the Sentinels name another, also one that hangs, or that nobody told yet.
    failoverDetector: true,
  } satisfies RedisOptions;
}

/** What stands in an address of several servers; undefined when it is of another form. */
function readFleet(url: string): Fleet | undefined {
  const { scheme, kind, user, hosts = '', path = '', query } = FLEET.exec(url)?.groups ?? {};
  if (kind !== 'sentinel' && kind !== 'cluster') return undefined;
  const nodes = hosts.split(',').map((host) => readNode(host, kind === 'sentinel' ? 26_379 : 6_379));
  const parameters = new URLSearchParams(query);
  const known = kind === 'sentinel' ? ['db', 'sentinelPassword'] : [];
  const db = Number(parameters.get('db') ?? 0);
  const fits =
    nodes.every((node) => node !== undefined) &&
    (kind === 'sentinel') === path.length > 0 &&
    [...parameters.keys()].every((parameter) => known.includes(parameter)) &&
    Number.isInteger(db) &&
    db >= 0;
  if (!fits) return undefined;
  const [username, password] = (user ?? '').split(/:(.*)/s).map(decode);
  return {
    kind,
    nodes,
    access: {
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(scheme === 'rediss' ? { tls: {} } : {}),
    },
    name: decode(path),
    db,
    sentinelPassword: parameters.get('sentinelPassword') ?? undefined,
  };
}

// Not by URL: it takes one host only.
const FLEET =
  /^(?<scheme>rediss?)\+(?<kind>\w+):\/\/(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]+)\/?(?<path>[^/?#]*)(?:\?(?<query>[^#]*))?$/;

function readNode(text: string, usualPort: number): { host: string; port: number } | undefined {
  const address = `redis://${text}`;
  if (!URL.canParse(address)) return undefined;
  const { hostname, port } = new URL(address);
  // An IPv6 address stands in brackets there, which a socket does not know.
  return hostname ? { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usualPort) } : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Soon at first, never more than two seconds apart. */
const retryStrategy = (times: number) => Math.min(50 * 2 ** times, 2_000);

// A connection without an error listener prints each lost connection; who owns it listens where it matters.
function quiet<R extends RedisClient>(redis: R): R {
  redis.on('error', () => undefined);
  return redis;
}
