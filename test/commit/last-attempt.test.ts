import { expect } from 'chai';
import { Redis } from 'ioredis';
import { HotSessions } from '../../src/hot/sessions.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { eachOn, variants } from '../helpers/variants.js';

const AT = Date.UTC(2026, 0, 15);
const HASH = 'botledger:sessions:7';

describe('A unit that has used up its attempts', () => {
  const on = eachOn(variants[2]);
  let redis: Redis;
  let hot: HotSessions;
  let jobs: TestQueue;
  let opened: Closable[];

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    redis = new Redis(redisUrl);
    hot = new HotSessions(redis);
    jobs = openQueue(redisUrl);
    opened = [{ close: () => redis.quit() }, jobs, await startWorker(on.database, redisUrl)];
  });
  afterEach(() => closeAll(opened));

  it('leaves no session in Redis that waits for ever; when it is retried, its session is the one', async () => {
    await on.database.sequelize.query(
      `CREATE TRIGGER no_badges BEFORE INSERT ON user_badges BEGIN SELECT RAISE(ABORT, 'no badges today'); END`,
    );
    const session = { step: 1 };
    const operations = [
      { name: 'saveSession', telegramId: 7, session },
      { name: 'awardBadge', telegramId: 7, badgeType: 'guru' },
    ];
    const unit = { bot: 'spin_bot', key: 'k', at: AT, operations };
    const writer = { bot: 'spin_bot', telegramId: 7, key: 'k', at: new Date(AT) };
    const backoff = { type: 'fixed', delay: 300 };
    const { id } = await jobs.queue.add('test', { v: 1, units: [unit] }, { attempts: 2, backoff });
    await hot.put({ ...writer, image: { session }, keyed: false }, { queue: 'botledger', job: String(id), index: 0 });

    await jobs.reached(id, 'delayed');
    expect((await hot.read('spin_bot', 7)).session, 'while it is still tried').to.equal(JSON.stringify(session));
    const job = await jobs.reached(id, 'failed');
    expect(job.attemptsMade).to.equal(2);
    expect(job.failedReason).to.equal(
      'UnitFailedError: saveSession+awardBadge: the database refuses what it writes: ' +
        'SQLITE_CONSTRAINT: no badges today (SQLITE_CONSTRAINT); correct the data or the rule, then retry',
    );
    await until(async () => (await redis.hget(HASH, 'waiting')) === '0');
    expect((await hot.read('spin_bot', 7)).session).to.equal(undefined);
    expect(await redis.ttl(HASH)).to.be.above(0);

    await on.database.sequelize.query('DROP TRIGGER no_badges');
    await job.retry('failed');
    await jobs.reached(id, 'completed');
    expect((await on.sessions()).map(({ sessionData }) => sessionData)).to.deep.equal([session]);
    const held = { user: null, session, stats: {}, sessionAt: new Date(AT).toISOString(), statsAt: null };
    expect((await hot.warm('spin_bot', 7, held)).session).to.equal(JSON.stringify(session));
  });
});
