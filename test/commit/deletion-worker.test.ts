import { type Job, QueueEvents } from 'bullmq';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { addWish, EventQueue } from '../../src/event-queue.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { UNITS_QUEUE, unitJobOptions } from '../../src/queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { startRelay } from '../../src/schedule/relay.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { fullLife, secretOf } from '../helpers/full-user.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { eachOn, variants } from '../helpers/variants.js';

const ANN = 777_000_111;
const BOB = 777_000_222;
const DELETED = Date.UTC(2026, 0, 20);

const logger = createLogger('test', 'silent');

let made = 0;

/** A unit as it comes over the wire, made before the deletion unless told otherwise. */
const unit = (operations: object[], rest: object = {}) => ({
  bot: 'spin_bot',
  key: `key-${++made}`,
  at: DELETED - 1,
  operations,
  ...rest,
});
const jobOf = (...units: object[]) => ({ v: 1, units });
const touch = (telegramId: number) => unit([{ name: 'touchUser', telegramId, username: secretOf(telegramId) }]);
const deletion = () => unit([{ name: 'deleteUser', telegramId: ANN }], { at: DELETED });
const invalid = (telegramId: number) => unit([{ name: 'addXp', telegramId, xp: secretOf(telegramId) }]);

for (const variant of variants.filter(({ name }) => name !== 'PostgreSQL')) {
  describe(`A commit worker that deletes a user on ${variant.name}`, () => {
    const on = eachOn(variant);
    let redisUrl: string;
    let jobs: TestQueue;
    let redis: Redis;
    let opened: Closable[];

    beforeEach(async () => {
      redisUrl = await freshRedisUrl();
      jobs = openQueue(redisUrl);
      redis = new Redis(redisUrl);
      opened = [{ close: () => redis.quit() }, jobs, await startWorker(on.database, redisUrl)];
    });
    afterEach(() => closeAll(opened));

    const done = async (data: unknown, ...states: string[]): Promise<Job> =>
      jobs.reached((await jobs.add(data)).id, ...(states.length > 0 ? states : ['completed']));

    /** What a job answers that may be removed as soon as it is done. */
    async function answerOf(data: unknown): Promise<unknown> {
      const connection = openWorkerRedis(redisUrl);
      const events = new QueueEvents(UNITS_QUEUE, { connection });
      opened.push({ close: async () => connection.disconnect() }, events);
      await events.waitUntilReady();
      const answered = new Promise((resolve) => events.on('completed', ({ returnvalue }) => resolve(returnvalue)));
      await jobs.add(data);
      return answered;
    }

    /** The jobs in Redis that hold this text, by id. */
    async function jobsWith(text: string): Promise<string[]> {
      const found: string[] = [];
      for (const key of await redis.keys('bull:botledger:*')) {
        if ((await redis.type(key)) !== 'hash') continue;
        if (JSON.stringify(await redis.hgetall(key)).includes(text)) found.push(key.split(':').at(-1) as string);
      }
      return found;
    }

    it('removes the jobs from Redis that are done or failed for good, and leaves those of others', async () => {
      await done(jobOf(unit(fullLife(ANN))));
      await done(jobOf(touch(BOB), touch(ANN), touch(BOB)));
      await done(jobOf(unit([...fullLife(BOB).slice(0, 2), ...fullLife(ANN).slice(0, 2)])));
      await done(jobOf(invalid(ANN)), 'failed');
      await done(jobOf({ ...invalid(ANN), at: { toString: null } } as never), 'failed');
      const others = [await done(jobOf(touch(BOB))), await done(jobOf(invalid(BOB)), 'failed')];
      expect(await jobsWith(secretOf(ANN))).to.have.lengthOf(5);

      const { returnvalue } = await done(jobOf(deletion()));
      expect(returnvalue)
        .to.have.nested.property('[0].outcomes')
        .that.deep.equals([{ deleted: true }]);
      expect(await jobsWith(secretOf(ANN))).to.deep.equal([]);
      expect(await jobsWith(secretOf(BOB))).to.have.members(others.map(({ id }) => id));
    });

    it('removes them also among many others', async () => {
      const data = Array.from({ length: 650 }, (_, number) => touch(number % 3 === 0 ? ANN : BOB));
      await jobs.queue.addBulk(data.map((one) => ({ name: 'test', data: jobOf(one), opts: unitJobOptions })));
      await done(jobOf(touch(BOB)));
      const { id } = await done(jobOf(deletion()));
      expect(await jobsWith(`${ANN}`)).to.deep.equal([id]);
      expect(await jobs.queue.getCompletedCount()).to.equal(433 + 1 + 1);
    });

    it('removes a pack that held the deletion beside writes of the user, once the pack is done', async () => {
      const { id } = await jobs.add(jobOf(touch(ANN), touch(BOB), deletion()));
      await until(async () => (await jobs.queue.getJobState(id as string)) === 'unknown', { what: 'the pack is gone' });
      expect(await jobsWith(secretOf(ANN))).to.deep.equal([]);
      expect((await on.users()).map(({ telegramId }) => telegramId)).to.deep.equal([BOB]);
    });

    it('leaves what a user who came back has failed to do, also when the deletion comes again', async () => {
      await done(jobOf(invalid(ANN)), 'failed');
      const again = jobOf(deletion());
      await done(again);
      expect(await jobsWith(secretOf(ANN))).to.deep.equal([]);
      const back = { ...invalid(ANN), at: DELETED + 1 };
      const failed = await done(jobOf(back), 'failed');
      const wrote = await done(jobOf({ ...touch(ANN), at: DELETED + 1 }));
      await done(again);
      expect(await jobsWith(secretOf(ANN))).to.have.members([failed.id, wrote.id]);
    });

    it('keeps the order of a pack: before it, the deletion, and after it', async () => {
      const xp = (at: number) => unit([{ name: 'addXp', telegramId: ANN, xp: 7 }], { at });
      const returnvalue = await answerOf(jobOf(xp(DELETED - 1), deletion(), xp(DELETED), xp(DELETED + 1)));
      const gained = { leveledUp: false, oldLevel: 1, newLevel: 1, totalXp: 7 };
      expect((returnvalue as { outcomes: object[] }[]).map(({ outcomes }) => outcomes[0])).to.deep.equal([
        gained,
        { deleted: true },
        { userDeleted: true },
        gained,
      ]);
    });

    it('drops a job that was enqueued before and comes late, in a pack or alone, and says so', async () => {
      await done(jobOf(deletion()));
      const { returnvalue } = await done(jobOf(unit(fullLife(ANN).slice(0, 2)), touch(BOB)));
      expect(returnvalue).to.have.deep.nested.property('[0].outcomes', [{ userDeleted: true }, { userDeleted: true }]);
      expect(returnvalue).to.have.deep.nested.property('[1].outcomes', [{ created: true }]);
      expect((await on.users()).map(({ telegramId }) => telegramId)).to.deep.equal([BOB]);
    });

    it('removes what bots are to be told of the user, and leaves what a user who came back has done', async () => {
      const connection = openWorkerRedis(redisUrl);
      const events = new EventQueue(connection, 'spin_bot');
      opened.unshift({ close: async () => connection.disconnect() }, events);
      await addWish(connection, 'spin_bot', { type: '*', from: 'own' });
      const relay = () => startRelay({ config: { redisUrl }, database: on.database, logger });
      const badge = (telegramId: number, at: number) =>
        jobOf(unit([{ name: 'awardBadge', telegramId, badgeType: secretOf(telegramId) }], { at }));
      const waiting = async () => {
        const jobs = await events.queue.getJobs(['waiting']);
        return jobs.map(({ data }) => [data.telegramId, Date.parse(data.at)]).sort();
      };
      opened.push(relay());
      for (const user of [ANN, BOB]) await done(badge(user, DELETED - 1));
      await until(async () => (await waiting()).length === 2, { what: 'the bot is about to be told' });
      const again = jobOf(deletion());
      await done(again);
      expect(await waiting()).to.deep.equal([[BOB, DELETED - 1]]);

      await done(badge(ANN, DELETED + 1));
      await until(async () => (await waiting()).length === 2);
      await done(again);
      expect(await waiting()).to.deep.equal([[ANN, DELETED + 1], [BOB, DELETED - 1]]); // biome-ignore format: a table
    });

    it('drops a job that was put off meanwhile', async () => {
      const waiting = await jobs.queue.add('test', jobOf(touch(ANN)), { ...unitJobOptions, delay: 3_600_000 });
      await done(jobOf(deletion()));
      await waiting.promote();
      const { returnvalue } = await jobs.reached(waiting.id, 'completed');
      expect(returnvalue).to.have.deep.nested.property('[0].outcomes', [{ userDeleted: true }]);
      expect(await on.users()).to.deep.equal([]);
    });

    it('answers a deletion that comes again as it did first, and leaves the user who came back', async () => {
      await done(jobOf(touch(ANN)));
      const again = jobOf(deletion());
      const first = await done(again);
      await done(jobOf(unit([{ name: 'addXp', telegramId: ANN, xp: 7 }], { at: DELETED + 1 })));
      expect((await done(again)).returnvalue).to.deep.equal(first.returnvalue);
      expect((await on.users()).map(({ telegramId, totalXp }) => [telegramId, totalXp])).to.deep.equal([[ANN, 7]]);
    });
  });
}
