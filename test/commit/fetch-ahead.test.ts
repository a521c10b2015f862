import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Job } from 'bullmq';
import { expect } from 'chai';
import { BoundedWorker, HeldJobs } from '../../src/commit/bounded-worker.js';
import { closeAll } from '../../src/lifecycle.js';
import { openWorkerRedis, type RedisClient } from '../../src/redis.js';
import { openQueue, type TestQueue } from '../helpers/commit-worker.js';
import { startRedis, type TestRedis } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

type Work = (job: Job, token?: string) => Promise<unknown>;

describe('A worker that waits', () => {
  let server: TestRedis;
  let jobs: TestQueue;
  let redis: RedisClient;

  beforeEach(async () => {
    server = await startRedis();
    jobs = openQueue(server.url);
    redis = openWorkerRedis(server.url);
  });

  afterEach(() => closeAll([server, { close: async () => void (await redis.quit()) }, jobs]));

  const open = (work: Work, held = new HeldJobs(1_000_000)) => {
    const worker = new BoundedWorker(jobs.queue.name, work, { connection: redis, concurrency: 100 }, held);
    worker.on('error', () => undefined);
    return worker;
  };

  const clients = async () => (await redis.call('CLIENT', 'LIST')) as string;

  /** The id of a connection on which a worker waits. */
  const waiting = () => until(async () => /^id=(\d+) .* flags=b .* cmd=bzpopmin /m.exec(await clients())?.[1]);

  /** How often Redis was asked for this. */
  const calls = async (command: string) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await redis.info('commandstats'))?.[1] ?? 0);

  it('has sent for a job before there is one, and Redis says when it was taken', async () => {
    let token: string | undefined;
    const worker = open(async (_job, its) => {
      token = its;
    });
    await waiting();
    const { id } = await jobs.add('x');
    const { processedOn, timestamp } = await jobs.reached(id, 'completed');
    expect(token).to.be.a('string').and.not.include(worker.id);
    expect(processedOn).to.be.at.least(timestamp).and.at.most(Date.now());
    // Not after the five seconds that BullMQ waits at most.
    expect((processedOn as number) - timestamp).to.be.below(3_000);
    await worker.close();
  });

  it('takes a job that was put off when its time has come', async () => {
    const worker = open(async () => undefined);
    await waiting();
    const { id } = await jobs.queue.add('later', 'x', { delay: 100 });
    const { processedOn, timestamp } = await jobs.reached(id, 'completed');
    expect(processedOn).to.be.at.least(timestamp + 100);
    await worker.close();
  });

  it('goes on when its connection is cut', async () => {
    const worker = open(async () => undefined);
    await redis.call('CLIENT', 'KILL', 'ID', await waiting());
    await jobs.reached((await jobs.add('x')).id, 'completed');
    await worker.close();
  });

  it('leaves no job in nobody’s hands that Redis gave it while it is closed', async () => {
    const proxy = await openProxy(server.port);
    const connection = openWorkerRedis(proxy.url);
    const done: unknown[] = [];
    const worker = new BoundedWorker(
      jobs.queue.name,
      async ({ data }) => done.push(data),
      { connection },
      new HeldJobs(1_000_000),
    );
    worker.on('error', () => undefined);
    const its = await waiting();

    // What Redis answers is under way for long.
    proxy.hold();
    const { id } = await jobs.add('x');
    await jobs.reached(id, 'active');
    const before = await calls('zadd');
    const closed = worker.close();
    await until(async () => (await calls('zadd')) > before || !(await clients()).includes(`id=${its} `));
    proxy.goOn();
    await closed;
    expect(done).to.deep.equal(['x']);
    expect(await jobs.queue.getActiveCount()).to.equal(0);
    await connection.quit();
    await proxy.close();
  });

  it('takes one job, and the others when that is done, or is set aside, or takes long', async () => {
    const held = new HeldJobs(1_000_000);
    const ends = new Map<string, () => void>();
    const begun: Job[] = [];
    const atOnce: number[] = [];
    const worker = open((job) => {
      begun.push(job);
      atOnce.push(worker.concurrency);
      return new Promise<void>((resolve) => ends.set(job.data, resolve));
    }, held);
    await waiting();

    await jobs.add('first');
    await until(() => ends.has('first'));
    await jobs.add('second');
    ends.get('first')?.();
    await until(() => ends.has('second'));
    ends.get('second')?.();
    await until(() => held.isEmpty);

    await jobs.add('third');
    await until(() => ends.has('third'));
    held.setAside(begun.at(-1) as Job);
    expect(worker.concurrency).to.equal(100);
    await jobs.add('fourth');
    await until(() => ends.has('fourth'));
    for (const end of ends.values()) end();
    await until(() => held.isEmpty);

    await jobs.add('fifth');
    await jobs.add('sixth');
    await until(() => ends.has('sixth'));
    for (const end of ends.values()) end();
    await worker.close();
    expect(atOnce, 'how many it may take as each begins').to.deep.equal([1, 100, 1, 100, 1, 100]);
    expect(begun.map(({ data }) => data)).to.deep.equal(['first', 'second', 'third', 'fourth', 'fifth', 'sixth']);
  });
});

/** A way to a Redis that can keep its answers back. */
async function openProxy(port: number) {
  const ends: Socket[] = [];
  let held = false;
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const end of [near, far]) end.on('error', () => undefined);
    near.pipe(far);
    far.pipe(near);
    if (held) far.pause();
    ends.push(near, far);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    hold() {
      held = true;
      for (const end of ends) end.unpipe();
      for (const [index, end] of ends.entries()) if (index % 2 === 0) end.pipe(ends[index + 1] as Socket);
    },
    goOn() {
      held = false;
      for (const [index, end] of ends.entries()) if (index % 2 === 1) end.pipe(ends[index - 1] as Socket);
    },
    async close() {
      for (const end of ends) end.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
