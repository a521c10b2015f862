import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/port.js';
import { launchRedis } from '../../src/embedded/redis-server.js';
import type { Closable } from '../../src/lifecycle.js';
import { closeAfterRun } from './run.js';

const DATABASES = 512;

/** A Redis of a test's own, on one port for its life; what was on disk is there again after `start()`. */
export interface TestRedis extends Closable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGTERM: it writes everything to disk first. */
  stop(): Promise<void>;
  /** SIGKILL: what the AOF did not get yet is lost. */
  kill(): Promise<void>;
  /** Brings it up again after stop() or kill(). */
  start(): Promise<void>;
  /** SIGSTOP: it is there and does not answer. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

/**
 * Starts a Redis for this test alone; closed at the end of the run if not before.
 *
 * @param settings further ones, e.g. `{ replicaof: '127.0.0.1 6379' }`
 */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'botledger-redis-'));
  const options = { directory, port: await freePort(), databases: DATABASES, settings };
  let server = await launchRedis(options);
  const kill = async () => {
    server.signal('SIGKILL');
    await server.exited;
  };
  return closeAfterRun({
    url: server.url,
    port: options.port,
    get pid() {
      return server.pid;
    },
    stop: () => server.stop(),
    kill,
    start: async () => {
      server = await launchRedis(options);
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    close: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  });
}

let shared: Promise<TestRedis> | undefined;
let handedOut = 0;

/** An empty logical database on the Redis that the whole run shares. */
export async function freshRedisUrl(): Promise<string> {
  shared ??= startRedis();
  const url = `${(await shared).url}/${handedOut++ % DATABASES}`;
  const redis = new Redis(url);
  await redis.flushdb();
  await redis.quit();
  return url;
}
