import { expect } from 'chai';
import type { Closable } from '../../src/lifecycle.js';
import { closeAll } from '../../src/lifecycle.js';
import { keepCompleted } from '../../src/queue.js';
import { insertSubscription, insertUser } from '../factories.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { eachOn, variants } from '../helpers/variants.js';

let made = 0;

/** A unit as it comes over the wire. */
const unit = (operation: object, rest: object = {}) => {
  const operations = [{ name: 'addXp', telegramId: 1, ...operation }];
  return { bot: 'spin_bot', key: `key-${++made}`, at: Date.UTC(2026, 0, 15), operations, ...rest };
};

const pack = (...units: unknown[]) => ({ v: 1, units });

for (const variant of variants.filter(({ name }) => name !== 'PostgreSQL')) {
  describe(`A commit worker on ${variant.name}`, () => {
    const on = eachOn(variant);
    let jobs: TestQueue;
    let opened: Closable[];

    beforeEach(async () => {
      const redisUrl = await freshRedisUrl();
      jobs = openQueue(redisUrl);
      opened = [jobs, await startWorker(on.database, redisUrl)];
    });
    afterEach(() => closeAll(opened));

    const totals = async () => (await on.users()).map(({ telegramId, totalXp }) => [telegramId, totalXp]);

    /** Jobs of their own that units of a pack were put back as. */
    const putBack = async (id: string | undefined) => {
      const { returnvalue } = await jobs.reached(id, 'completed');
      return (returnvalue as { movedTo?: string }[]).map(({ movedTo }) => movedTo);
    };

    it('applies the unit of a job, and the job answers its key and outcomes', async () => {
      const { id } = await jobs.add(pack(unit({ xp: 150 }, { key: 'upd-1' })));
      const { returnvalue } = await jobs.reached(id, 'completed');
      const outcome = { leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 150 };
      expect(returnvalue).to.deep.equal([{ key: 'upd-1', outcomes: [outcome] }]);
      expect(await totals()).to.deep.equal([[1, 150]]);
    });

    it('answers a job that comes again what it answered first', async () => {
      const data = pack(unit({ xp: 5 }), unit({ xp: 6 }));
      const { id: first } = await jobs.add(data);
      const answer = (await jobs.reached(first, 'completed')).returnvalue;
      await jobs.add(pack(unit({ xp: 100 })));
      const { id: again } = await jobs.add(data);
      expect((await jobs.reached(again, 'completed')).returnvalue).to.deep.equal(answer);
      expect(await totals()).to.deep.equal([[1, 111]]);
    });

    it('applies the good units of a pack, puts the bad ones back as jobs, and completes', async () => {
      await jobs.reached((await jobs.add(pack(unit({ xp: 1 }, { key: 'used' })))).id, 'completed');
      const invalid = unit({ xp: 'many' });
      const conflicting = unit({ xp: 2 }, { key: 'used' });
      const { id } = await jobs.add(pack(unit({ xp: 10 }), invalid, unit({ xp: 20 }), conflicting, unit({ xp: 30 })));

      const [first, moved1, second, moved2, third] = await putBack(id);
      expect([first, second, third]).to.deep.equal([undefined, undefined, undefined]);
      expect(await totals()).to.deep.equal([[1, 61]]);

      for (const [movedTo, raw, reason] of [
        [moved1, invalid, /^ValidationError: addXp\.xp: expected number, received string$/],
        [moved2, conflicting, /^IdempotencyConflictError: Idempotency key "used" was already used/],
      ] as const) {
        expect(movedTo).to.match(/^split~/);
        const job = await jobs.reached(movedTo, 'failed');
        expect(job).to.include({ name: 'addXp', attemptsMade: 1 });
        expect(job.data).to.deep.equal(pack(raw));
        expect(job.failedReason).to.match(reason);
      }
    });

    it('puts a bad unit back once, however often its pack runs', async () => {
      const data = pack(unit({ xp: 1 }), unit({ xp: null }));
      const [first, again] = [await jobs.add(data), await jobs.add(data)];
      expect(await putBack(first.id)).to.deep.equal(await putBack(again.id));
      await until(async () => (await jobs.queue.getFailedCount()) === 1);
      expect(await jobs.queue.getJobCountByTypes('wait', 'active', 'delayed')).to.equal(0);
    });

    it('keeps about as many completed jobs as it is to', async () => {
      const data = Array.from({ length: keepCompleted.count + 200 }, () => pack(unit({ xp: 1 })));
      await jobs.queue.addBulk(data.map((one) => ({ name: 'test', data: one })));
      await until(async () => (await jobs.queue.getJobCountByTypes('wait', 'active')) === 0, { timeoutMs: 30_000 });
      expect(await totals()).to.deep.equal([[1, data.length]]);
      expect(await jobs.queue.getCompletedCount()).to.be.within(keepCompleted.count, keepCompleted.count + 50);
    });

    it('retries later what fails for another reason, without holding up its batch-mates', async () => {
      const user = await insertUser(on.database, { telegramId: 9 });
      await insertSubscription(on.database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
      const poison = unit({ name: 'createSubscription', telegramId: 9, type: 'YEAR' });
      const { id } = await jobs.add(pack(unit({ xp: 1 }), poison, unit({ xp: 2 })));

      const [, movedTo] = await putBack(id);
      expect(await totals()).to.deep.equal([
        [1, 3],
        [9, 0],
      ]);
      const job = await jobs.reached(movedTo, 'delayed');
      expect(job).to.include({ name: 'createSubscription', attemptsMade: 1 });
      expect(job.failedReason).to.match(
        /^UnitFailedError: createSubscription: RangeError: .* later than the year 9999.*; correct the data/,
      );
    });

    it('ends a lone unit that no retry can mend at the first attempt', async () => {
      await jobs.reached((await jobs.add(pack(unit({ xp: 1 }, { key: 'used' })))).id, 'completed');
      const conflict = await jobs.add(pack(unit({ xp: 2 }, { key: 'used' })));
      const invalid = await jobs.add(pack(unit({ name: 'addXP' })));
      for (const { id } of [conflict, invalid])
        expect(await jobs.reached(id, 'failed')).to.include({ attemptsMade: 1 });
      expect(await totals()).to.deep.equal([[1, 1]]);
    });
  });
}
