import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';

/** How to run a Redis. */
export interface RedisServerOptions {
  /** Where its data stays between runs; must exist. */
  directory: string;
  port: number;
  password?: string;
  /** Number of logical databases; 16 by default. */
  databases?: number;
  /** Further settings, e.g. `{ replicaof: '127.0.0.1 6379' }`. */
  settings?: Readonly<Record<string, string>>;
}

/** A Redis child process that answers. */
export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the reason once the child is gone, however it went. */
  readonly exited: Promise<string>;
  /** Lets it write what it holds to disk and waits until it is gone. */
  stop(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** The address of a Redis on this machine. */
export function redisUrl({ port, password }: Pick<RedisServerOptions, 'port' | 'password'>): string {
  return `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
}

/**
 * Starts `redis-server` or `valkey-server` from PATH as a child, with every write logged to disk (AOF) and nothing
 * ever evicted, as BullMQ needs it; resolves when it has loaded its data and answers.
 *
 * @throws Error when there is none on PATH, or it does not start
 */
export async function launchRedis(options: RedisServerOptions): Promise<RedisServer> {
  // Detached, so that Ctrl-C in a terminal reaches this process only: the workers still need Redis while they close.
  const child = spawn(findServer(), serverArguments(options), { detached: true });
  // By standard input, because arguments can be read by every user of the machine.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.password === undefined ? '' : `requirepass ${options.password}\n`);

  const stopWithUs = () => child.kill('SIGTERM');
  process.on('exit', stopWithUs);
  const exited = untilExit(child);
  exited.then(() => process.off('exit', stopWithUs));

  const url = redisUrl(options);
  await Promise.race([
    untilReady(url, child),
    exited.then((reason) => Promise.reject(new Error(`Redis did not start: ${reason}`))),
  ]);
  return {
    url,
    pid: child.pid as number,
    exited,
    signal: (signal) => child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function serverArguments({ directory, port, databases = 16, settings = {} }: RedisServerOptions): string[] {
  return [
    ['-'],
    ['--bind', '127.0.0.1'],
    ['--port', `${port}`],
    ['--dir', directory],
    ['--databases', `${databases}`],
    ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
    ['--maxmemory-policy', 'noeviction'],
    ['--daemonize', 'no'],
    ...Object.entries(settings).map(([name, value]) => [`--${name}`, ...value.split(' ')]),
  ].flat();
}

const SERVERS = ['redis-server', 'valkey-server'];

function findServer(): string {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const candidates = SERVERS.flatMap((name) => directories.map((directory) => join(directory, name)));
  const found = candidates.find(isExecutable);
  if (found) return found;
  throw new Error(
    `Neither ${SERVERS.join(' nor ')} is on PATH. Install one (apt-get, dnf, apk, pacman and brew all have it), ` +
      'or set REDIS_URL to a Redis that you run, or use: docker compose up',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const LAST_WORDS = 2_000;

function untilExit(child: ChildProcessWithoutNullStreams): Promise<string> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-LAST_WORDS);
    });
  }
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}\n${output.trim()}`));
  });
}

/** Waits until this child, and not some other Redis on its port, has loaded its data. */
async function untilReady(url: string, child: ChildProcessWithoutNullStreams): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  const giveUp = () => redis.disconnect();
  child.once('close', giveUp);
  try {
    const info = await redis.info('server');
    if (!info.includes(`process_id:${child.pid}\r`)) throw new Error('Redis did not start: its port is taken');
  } finally {
    child.off('close', giveUp);
    redis.disconnect();
  }
}
