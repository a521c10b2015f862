import type { Job } from 'bullmq';
import { expect } from 'chai';
import { BoundedWorker, HeldJobs } from '../../src/commit/bounded-worker.js';
import { openWorkerRedis } from '../../src/redis.js';
import { openQueue } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';

const KB = 1_024;

describe('Jobs that a process holds', () => {
  it('count as moving unless they are set aside, and whoever waits for them is told when one ends', () => {
    let removed = 0;
    const held = new HeldJobs(KB, () => removed++);
    const [first, second, stranger] = [{}, {}, {}] as [Job, Job, Job];
    held.add(first, 1);
    held.add(second, 1);
    held.setAside(first);
    held.setAside(stranger);
    expect(held.moving).to.equal(1);
    held.remove(second);
    expect([held.moving, held.isEmpty, removed]).to.deep.equal([0, false, 1]);
    held.remove(first);
    expect([held.moving, held.isEmpty, removed]).to.deep.equal([0, true, 2]);
  });
});

describe('A worker that holds so many bytes at most', () => {
  it('fetches no more until there is less, always one, and in the end all', async () => {
    const redisUrl = await freshRedisUrl();
    const jobs = openQueue(redisUrl);
    const connection = openWorkerRedis(redisUrl);
    // One of them is larger than all that may be held.
    const sizes = Array.from({ length: 40 }, (_, index) => (index === 20 ? 200 * KB : 10 * KB));
    await jobs.queue.addBulk(sizes.map((size) => ({ name: 'test', data: 'x'.repeat(size) })));

    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const [under, most] = [new Set<Job>(), { jobs: 0, bytes: 0 }];
    const work = async (job: Job) => {
      under.add(job);
      const bytes = [...under].reduce((sum, { data }) => sum + data.length, 0);
      Object.assign(most, { jobs: Math.max(most.jobs, under.size), bytes: Math.max(most.bytes, bytes) });
      await held;
      under.delete(job);
    };
    let woken = 0;
    const options = { connection, concurrency: 100 };
    const worker = new BoundedWorker(jobs.queue.name, work, options, new HeldJobs(100 * KB), () => woken++);
    await until(() => under.size >= 10);
    expect(await jobs.queue.getActiveCount()).to.be.at.most(11);
    expect(woken, 'how often it held no job and got one').to.equal(1);
    letGo();
    await until(async () => (await jobs.queue.getCompletedCount()) === sizes.length);

    expect(most.jobs).to.be.at.most(11);
    expect(most.bytes).to.be.at.most(300 * KB);
    expect(worker.concurrency, 'of an idle worker').to.equal(1);
    await worker.close();
    await connection.quit();
    await jobs.close();
  });
});
