import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { unitJobOptions } from '../../src/queue.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { eachOn, variants } from '../helpers/variants.js';

const unit = (key: string) => ({ bot: 'b', key, at: 1, operations: [{ name: 'addXp', telegramId: 1, xp: 1 }] });

describe('A job that somebody wrote into by hand', () => {
  const on = eachOn(variants[2]);
  let redis: Redis;
  let jobs: TestQueue;
  let opened: Closable[];
  let start: () => Promise<void>;

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    redis = new Redis(redisUrl);
    jobs = openQueue(redisUrl);
    opened = [{ close: () => redis.quit() }, jobs];
    start = async () => void opened.push(await startWorker(on.database, redisUrl));
  });
  afterEach(() => closeAll(opened));

  async function addBroken(field: string, text: string) {
    const { id } = await jobs.add({ v: 1, units: [unit(`${field}-${text}`)] });
    await redis.hset(jobs.queue.toKey(String(id)), field, text);
    return String(id);
  }

  for (const text of ['{oops', 'undefined', '\0', '{"v":1,"units":[{"bot":']) {
    it(`with data ${JSON.stringify(text)}: fails with a reason and can be looked at; the others are applied`, async () => {
      const good = [];
      for (let number = 0; number < 20; number++)
        good.push(await jobs.add({ v: 1, units: [unit(`before-${number}`)] }));
      const broken = [await addBroken('data', text), await addBroken('data', text)];
      for (let number = 0; number < 20; number++) good.push(await jobs.add({ v: 1, units: [unit(`after-${number}`)] }));
      await start();

      for (const id of broken) {
        const job = await jobs.reached(id, 'failed');
        expect(job.failedReason).to.equal('ValidationError: job: expected object, received string');
        expect(job.data).to.equal(text);
      }
      for (const { id } of good) expect(await jobs.reached(id, 'completed')).to.include({ attemptsMade: 1 });
      expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([40]);
      expect(await jobs.queue.getActiveCount()).to.equal(0);
    });
  }

  it('elsewhere than in its data: is applied once', async () => {
    const fields = { opts: '{oops', progress: '{oops', parent: '{oops', rjk: 'every-day', returnvalue: '{oops' };
    const ids = await Promise.all(Object.entries(fields).map(([field, text]) => addBroken(field, text)));
    ids.push(await addBroken('opts', 'null'));
    await start();
    for (const id of ids) await jobs.reached(id, 'completed');
    expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([ids.length]);
  });

  it('asking for a backoff that nobody knows: is tried again all the same', async () => {
    await on.database.sequelize.query(
      `CREATE TRIGGER no_badges BEFORE INSERT ON user_badges BEGIN SELECT RAISE(ABORT, 'no badges today'); END`,
    );
    const badge = { ...unit('backoff'), operations: [{ name: 'awardBadge', telegramId: 1, badgeType: 'guru' }] };
    const backoff = { type: 'fibonacci', delay: 10 };
    const { id } = await jobs.queue.add('test', { v: 1, units: [badge] }, { ...unitJobOptions, attempts: 2, backoff });
    await start();
    expect(await jobs.reached(id, 'failed')).to.include({ attemptsMade: 2 });
  });
});
