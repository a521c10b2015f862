import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/port.js';
import { startEmbeddedRedis } from '../../src/embedded/redis.js';
import { startRedis } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';

async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

describe('the embedded Redis', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'botledger-embedded-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('logs every write to disk, evicts nothing and lets nobody in without its password', async () => {
    const redis = await startEmbeddedRedis({ directory });
    const settings = await ask(redis.url, (client) => client.config('GET', 'appendonly', 'maxmemory-policy', 'save'));
    const stranger = await rejection(ask(redis.url.replace(/:[^:@]+@/, ''), (client) => client.get('x')));
    await redis.close();

    expect(settings).to.include.members(['appendonly', 'yes', 'maxmemory-policy', 'noeviction', 'save', '']);
    expect(stranger.message).to.contain('NOAUTH');
  });

  it('has its data and its address again at the next start', async () => {
    const first = await startEmbeddedRedis({ directory });
    await ask(first.url, (client) => client.set('kept', 'yes'));
    await first.close();

    const second = await startEmbeddedRedis({ directory });
    const kept = await ask(second.url, (client) => client.get('kept'));
    await second.close();

    expect(kept).to.equal('yes');
    expect(second.url).to.equal(first.url);
  });

  it('refuses a second start in a directory that is in use', async () => {
    const first = await startEmbeddedRedis({ directory });
    const refusal = await rejection(startEmbeddedRedis({ directory }));
    await first.close();

    expect(refusal.message).to.contain('Another botledger uses').and.contain(directory);
  });

  it('says when it is gone', async () => {
    const redis = await startEmbeddedRedis({ directory });
    process.kill(redis.pid, 'SIGKILL');

    expect(await redis.exited).to.contain('SIGKILL');
    await redis.close();
  });

  it('takes over from one that a killed process left behind', async () => {
    const orphaned = spawn(process.execPath, ['--input-type=module', '-e', startAndReport(directory)]);
    const [report] = (await once(orphaned.stdout, 'data')) as [Buffer];
    const orphan = JSON.parse(report.toString()) as { url: string; pid: number };
    await ask(orphan.url, (client) => client.set('kept', 'yes'));
    orphaned.kill('SIGKILL');
    await once(orphaned, 'exit');

    const redis = await startEmbeddedRedis({ directory });
    const kept = await ask(redis.url, (client) => client.get('kept'));
    await redis.close();

    expect(kept).to.equal('yes');
    expect(redis.pid).not.to.equal(orphan.pid);
  });

  it('leaves a Redis of somebody else on its old port alone', async () => {
    const first = await startEmbeddedRedis({ directory });
    await first.close();
    const stranger = await startRedis();
    const access = join(directory, 'redis.json');
    const { password } = JSON.parse(readFileSync(access, 'utf8')) as { password: string };
    const port = Number(new URL(stranger.url).port);
    writeFileSync(access, JSON.stringify({ port, password }));

    const second = await startEmbeddedRedis({ directory });
    expect(await ask(stranger.url, (client) => client.ping())).to.equal('PONG');
    expect(second.url).not.to.equal(first.url);
    await second.close();
    await stranger.close();
  });
});

describe('freePort', () => {
  it('prefers the port asked for and falls back to another', async () => {
    const port = await freePort();
    expect(await freePort(port)).to.equal(port);

    const redis = await startRedis();
    const taken = Number(new URL(redis.url).port);
    expect(await freePort(taken)).not.to.equal(taken);
    await redis.close();
  });
});

const startAndReport = (directory: string) => `
  import { startEmbeddedRedis } from ${JSON.stringify(new URL('../../src/embedded/redis.js', import.meta.url).href)};
  const { url, pid } = await startEmbeddedRedis({ directory: ${JSON.stringify(directory)} });
  console.log(JSON.stringify({ url, pid }));
`;
