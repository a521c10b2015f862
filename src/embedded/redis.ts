import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import * as z from 'zod';
import { type Closable, closeAll } from '../lifecycle.js';
import { tryLock } from './file-lock.js';
import { freePort } from './port.js';
import { launchRedis, type RedisServer, redisUrl } from './redis-server.js';

/** A private Redis whose data lives in a directory of its own. */
export interface EmbeddedRedis extends Closable {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the reason once the Redis is gone, however it went. */
  readonly exited: Promise<string>;
}

/** How the Redis of a directory is reached; kept in `redis.json`, so that a bot's REDIS_URL outlives a restart. */
const access = z.object({ port: z.int(), password: z.string().min(1) });
type Access = z.infer<typeof access>;

/**
 * Starts a private Redis on a free port of 127.0.0.1. What it held when it ran last in that directory is there again,
 * also after a crash of this process.
 *
 * @param directory created if absent; one process at a time
 * @param port preferred to the port of the last run
 * @throws Error when another process uses the directory, or no Redis is installed
 */
export async function startEmbeddedRedis(options: { directory: string; port?: number }): Promise<EmbeddedRedis> {
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = await tryLock(join(directory, 'lock'));
  if (!lock) throw new Error(`Another botledger uses ${options.directory}: stop it, or start in another directory`);
  try {
    const last = readAccess(directory);
    if (last) await shutDownOrphan(last, options.directory);
    const server = await launch(directory, options.port ?? last?.port, last?.password);
    const { url, pid, exited, stop } = server;
    return { url, pid, exited, close: () => closeAll([lock, { close: stop }]) };
  } catch (error) {
    await lock.close();
    throw error;
  }
}

async function launch(directory: string, preferredPort?: number, lastPassword?: string): Promise<RedisServer> {
  const port = await freePort(preferredPort);
  const password = lastPassword ?? randomBytes(18).toString('base64url');
  writeFileSync(join(directory, ACCESS_FILE), JSON.stringify({ port, password } satisfies Access), { mode: 0o600 });
  return launchRedis({ directory, port, password });
}

const ACCESS_FILE = 'redis.json';

function readAccess(directory: string): Access | undefined {
  try {
    return access.parse(JSON.parse(readFileSync(join(directory, ACCESS_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

const ORPHAN_ANSWERS_WITHIN_MS = 5_000;

/**
 * We hold the directory's lock, so a Redis that still works in it was left behind by a process that crashed. Two on
 * one AOF would ruin it: this one writes its data and goes first.
 */
async function shutDownOrphan(last: Access, directory: string): Promise<void> {
  const redis = new Redis(redisUrl(last), {
    lazyConnect: true,
    connectTimeout: ORPHAN_ANSWERS_WITHIN_MS,
    commandTimeout: ORPHAN_ANSWERS_WITHIN_MS,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  const closed = new Promise<void>((done) => redis.once('end', done));
  try {
    await redis.connect();
    const [, itsDirectory] = (await redis.config('GET', 'dir')) as string[];
    if (itsDirectory !== realpathSync(directory)) return; // Somebody else's, on the port that was ours.
    await redis.shutdown().catch(() => undefined);
    await closed;
  } catch (error) {
    if (!/timed out|timeout/i.test((error as Error).message)) return; // Nobody there, or one with another password.
    throw new Error(
      `A Redis on port ${last.port} that an earlier run left behind in ${directory} does not answer: ` +
        'end that redis-server, then start again',
    );
  } finally {
    redis.disconnect();
  }
}
