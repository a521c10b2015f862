import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/port.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { startRedis, type TestRedis } from './redis.js';
import { closeAfterRun } from './run.js';
import { until } from './until.js';

/** A Redis with a replica, and a Sentinel that looks after them. */
export interface TestSentinel extends Closable {
  readonly url: string;
  readonly master: TestRedis;
  /** Waits until the replica has what the master has now. */
  replicated(): Promise<void>;
  /** Waits until the replica is the master. */
  promoted(): Promise<void>;
}

const NAME = 'main';
const DOWN_AFTER_MS = 1_000;

export async function startRedisWithSentinel(): Promise<TestSentinel> {
  const master = await startRedis();
  const replica = await startRedis({ replicaof: `127.0.0.1 ${master.port}` });
  const linked = async () =>
    (await onceAt(replica.url, (redis) => redis.info('replication'))).includes('link_status:up');
  await until(linked, { what: 'the replica is linked' });

  const port = await freePort();
  const sentinel = startSentinel(port, master.port);
  const url = `redis://127.0.0.1:${port}`;
  const knowsReplica = async () => {
    const known = await onceAt(url, (redis) => redis.call('SENTINEL', 'REPLICAS', NAME));
    return JSON.stringify(known).includes(`"${replica.port}"`) && !JSON.stringify(known).includes('s_down');
  };
  await until(knowsReplica, { what: 'the Sentinel knows the replica', timeoutMs: 20_000 });

  return {
    url: `redis+sentinel://127.0.0.1:${port}/${NAME}`,
    master,
    replicated: () =>
      onceAt(master.url, async (redis) => {
        // WAIT is about what its own connection wrote, and all that was written before.
        await redis.set('replicated', 'yes');
        if ((await redis.wait(1, 5_000)) !== 1) throw new Error('the replica does not follow');
      }),
    async promoted() {
      const isMaster = async () =>
        (await onceAt(replica.url, (redis) => redis.info('replication'))).includes('role:master');
      const isNamed = async () => {
        const named = await onceAt(url, (redis) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME));
        return (named as string[])[1] === `${replica.port}`;
      };
      await until(async () => (await isMaster()) && (await isNamed()), { what: 'a new master', timeoutMs: 20_000 });
    },
    close: () => closeAll([master, replica, sentinel]),
  };
}

function startSentinel(port: number, masterPort: number): Closable {
  const directory = mkdtempSync(join(tmpdir(), 'botledger-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  const child: ChildProcess = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore', detached: true });
  const exited = once(child, 'exit');
  return closeAfterRun({
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

async function onceAt<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
