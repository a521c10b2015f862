import { Worker } from 'bullmq';
import { expect } from 'chai';
import { addWish, EventQueue } from '../../src/event-queue.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { openWorkerRedis } from '../../src/redis.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { startProcess } from '../helpers/processes.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { eachOn, variants } from '../helpers/variants.js';

const SECRET = 'what the user told the bot';

const unit = (operation: object, bot = 'spin_bot') => {
  const operations = [{ name: 'saveSession', telegramId: 2, session: { said: SECRET }, ...operation }];
  return { v: 1, units: [{ bot, key: `${bot}-${Math.random()}`, at: 1, operations }] };
};
const badge = { name: 'awardBadge', badgeType: 'guru', session: undefined };

describe('botledger failed', () => {
  const on = eachOn(variants[2]);
  let redisUrl: string;
  let jobs: TestQueue;
  let opened: Closable[];

  beforeEach(async () => {
    redisUrl = await freshRedisUrl();
    jobs = openQueue(redisUrl);
    const env = { QUEUE_PARTITIONS: '2' };
    opened = [jobs, await startWorker(on.database, redisUrl, { env })];
  });
  afterEach(() => closeAll(opened));

  async function run(...args: string[]) {
    const process = startProcess('src/cli/main.js', {
      args: ['failed', ...args],
      environment: { REDIS_URL: redisUrl },
    });
    const code = await process.exited;
    return { code, output: process.output() };
  }

  /** An event that its bot could not handle. */
  async function failEvent(): Promise<void> {
    const connection = openWorkerRedis(redisUrl);
    const events = new EventQueue(connection, 'quiz_bot');
    await addWish(connection, 'quiz_bot', { type: 'badge.awarded', from: 'all' });
    const fail = async () => {
      throw new Error('blocked by the user');
    };
    const worker = new Worker(events.queue.name, fail, { connection });
    await events.queue.add('badge.awarded', { telegramId: 2, said: SECRET }, { attempts: 1, jobId: 'event-1' });
    await until(async () => (await events.queue.getFailedCount()) === 1);
    await closeAll([{ close: () => connection.quit() }, events, worker]);
  }

  it('lists what failed in all queues, for people and for machines, without what it carries', async () => {
    const wrong = await jobs.add(unit({ stats: 'none' }));
    const long = await jobs.add(unit({ name: `\u001b[2J${'very'.repeat(30)}` }, 'quiz_bot'));
    for (const { id } of [wrong, long]) await jobs.reached(id, 'failed');
    await failEvent();

    const people = await run('list');
    expect(people.code, people.output).to.equal(0);
    expect(people.output).to.not.contain(SECRET).and.not.contain('\u001b');
    expect(Math.max(...people.output.split('\n').map(({ length }) => length))).to.be.at.most(80);
    expect(people.output).to.match(
      new RegExp(`^${wrong.id}  botledger  20\\S+Z  1 attempt\\n {3}spin_bot  saveSession$`, 'm'),
    );
    expect(people.output).to.match(
      /^event-1 {2}botledger-events~quiz_bot {2}.*\n {3}quiz_bot {2}badge\.awarded\n {3}blocked/m,
    );

    const { output } = await run('list', '--json', '--operation', 'saveSession', '--reason', 'STATS');
    expect(output.trim().split('\n')).to.have.lengthOf(1);
    const { failedAt, ...rest } = JSON.parse(output);
    expect(Date.parse(failedAt)).to.be.closeTo(Date.now(), 60_000);
    expect(rest).to.deep.equal({
      id: wrong.id,
      queue: 'botledger',
      attempts: 1,
      bot: 'spin_bot',
      operations: 'saveSession',
      reason: 'ValidationError: saveSession.stats: expected a plain JSON object',
    });
    const payload = await run('list', '--json', '--payload', '--bot', 'spin_bot', '--limit', '1');
    expect(JSON.parse(payload.output).payload).to.deep.equal(wrong.data);
  });

  it('retries by id or all of a kind: what is mended is applied', async () => {
    await on.database.sequelize.query(
      `CREATE TRIGGER no_badges BEFORE INSERT ON user_badges BEGIN SELECT RAISE(ABORT, 'no badges today'); END`,
    );
    const failing = await Promise.all(
      [1, 2, 3].map((telegramId) => jobs.queue.add('awardBadge', unit({ ...badge, telegramId }), { attempts: 1 })),
    );
    const wrong = await jobs.add(unit({ stats: 'none' }));
    for (const { id } of [...failing, wrong]) await jobs.reached(id, 'failed');
    await on.database.sequelize.query('DROP TRIGGER no_badges');

    const one = await run('retry', String(failing[0]?.id), 'unheard-of');
    expect(one).to.include({ code: 1 });
    expect(one.output).to.contain('unheard-of: no failed job has this id').and.contain('1 retried, 1 not there');
    await jobs.reached(failing[0]?.id, 'completed');
    const all = await run('retry', '--all', '--operation', 'awardBadge');
    expect(all).to.deep.equal({ code: 0, output: '2 retried\n' });
    for (const { id } of failing) await jobs.reached(id, 'completed');
    expect(await on.badges()).to.have.lengthOf(3);
    expect(await jobs.queue.getJobState(String(wrong.id))).to.equal('failed');
  });

  it('discards all only when it is told twice, and says how many', async () => {
    await failEvent();
    for (const bot of ['spin_bot', 'quiz_bot'])
      await jobs.reached((await jobs.add(unit({ stats: 0 }, bot))).id, 'failed');
    // Somebody wrote into it.
    const unreadable = (await jobs.add(unit({ stats: 0 }))).id as string;
    await jobs.reached(unreadable, 'failed');
    const redis = openWorkerRedis(redisUrl);
    await redis.hset(jobs.queue.toKey(unreadable), 'data', '{oops');
    await redis.quit();

    const asked = await run('discard', '--all');
    expect(asked).to.include({ code: 2 });
    expect(asked.output).to.contain('4 failed jobs would be gone for good: add --yes');
    expect(await run('discard', '--all', '--bot', 'quiz_bot', '--yes')).to.deep.equal({
      code: 0,
      output: '2 discarded\n',
    });
    expect(await run('discard', '--all', '--yes')).to.deep.equal({ code: 0, output: '2 discarded\n' });
    expect(await run('list')).to.deep.equal({ code: 0, output: 'Nothing failed.\n' });
  });

  it('says with 2 what it cannot do', async () => {
    for (const [args, problem] of [
      [['retry'], /give the ids of failed jobs, or --all/],
      [['list', '--limit', 'many'], /expected a whole number above 0/],
    ] as const) {
      const { code, output } = await run(...args);
      expect(code, output).to.equal(2);
      expect(output).to.match(problem);
    }
    redisUrl = 'redis://127.0.0.1:1';
    const away = await run('list');
    expect(away).to.deep.equal({
      code: 2,
      output: 'botledger: Redis does not answer: check REDIS_URL, and that it is up\n',
    });
  });
});
