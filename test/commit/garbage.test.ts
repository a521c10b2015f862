import { expect } from 'chai';
import type { Closable } from '../../src/lifecycle.js';
import { closeAll } from '../../src/lifecycle.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { eachOn, variants } from '../helpers/variants.js';

const good = (key: string) => ({ bot: 'b', key, at: 1, operations: [{ name: 'addXp', telegramId: 1, xp: 1 }] });
const of = (...units: unknown[]) => ({ v: 1, units });
const parsed = (json: string): unknown => JSON.parse(json);

/** What anybody with access to Redis can enqueue, and the reason that it fails with. */
const garbage: [what: string, data: unknown, reason: RegExp][] = [
  ['null', null, /^ValidationError: job: expected object, received null$/],
  ['text', 'addXp', /^ValidationError: job: expected object, received string$/],
  ['a list', [], /^ValidationError: job: expected object, received array$/],
  ['a number', 5, /^ValidationError: job: expected object, received number$/],
  ['nothing', {}, /^ValidationError: job\.v: .*; job\.units: /],
  ['another version', { ...of(good('v')), v: 2 }, /^ValidationError: job\.v: /],
  ['no units', of(), /^ValidationError: job\.units: too small/],
  ['units that are no list', { v: 1, units: { 0: good('o') } }, /^ValidationError: job\.units: expected array/],
  ['a null unit', of(null), /^ValidationError: unit: expected object, received null$/],
  ['a text unit', of('addXp'), /^ValidationError: unit: expected object, received string$/],
  ['an empty unit', of({}), /^ValidationError: unit\.bot: .*unit\.key: .*unit\.at: .*unit\.operations: /],
  ['a unit without operations', of({ ...good('n'), operations: [] }), /^ValidationError: unit\.operations: too small/],
  ['operations that are none', of({ ...good('s'), operations: 'addXp' }), /^ValidationError: unit\.operations: /],
  [
    'a null operation',
    of({ ...good('z'), operations: [null] }),
    /^ValidationError: unit\.operations\.0: expected object/,
  ],
  ['a nameless operation', of({ ...good('a'), operations: [{}] }), /^ValidationError: unit\.operations\.0\.name: /],
  [
    'an unknown operation',
    of({ ...good('u'), operations: [{ name: 'drop' }] }),
    /^ValidationError: name: unknown operation "drop"/,
  ],
  [
    '__proto__',
    of(parsed('{"bot":"b","key":"p","at":1,"operations":[{"name":"addXp","telegramId":1,"xp":1,"__proto__":{}}]}')),
    /^ValidationError: addXp\.__proto__: unknown field, remove it$/,
  ],
  [
    'a unit over the size limit',
    of({ ...good('l'), operations: [{ name: 'saveSession', telegramId: 1, session: { a: 'x'.repeat(300_000) } }] }),
    /^ValidationError: operations: \d+ bytes of JSON, but a unit may have 262144: store less, or split it$/,
  ],
];

describe('Garbage in the queue', () => {
  const on = eachOn(variants[2]);
  let jobs: TestQueue;
  let opened: Closable[];

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    jobs = openQueue(redisUrl);
    opened = [jobs, await startWorker(on.database, redisUrl)];
  });
  afterEach(() => closeAll(opened));

  for (const [what, data, reason] of garbage) {
    it(`${what}: fails at once with its reason, and the worker goes on`, async () => {
      const failing = await jobs.add(data);
      const job = await jobs.reached(failing.id, 'failed');
      expect(job.attemptsMade).to.equal(1);
      expect(job.failedReason).to.match(reason);
      await jobs.reached((await jobs.add(of(good('after')))).id, 'completed');
    });
  }

  it('all in one pack: each gets a job of its own with its reason, and the good units are applied', async () => {
    const units = garbage.flatMap(([, data]) => {
      const inside = (data as { units?: unknown } | null)?.units;
      return Array.isArray(inside) && (data as { v?: number }).v === 1 ? inside : [];
    });
    const { id } = await jobs.add(of(good('one'), ...units, good('two')));
    const answers = (await jobs.reached(id, 'completed')).returnvalue as { movedTo?: string }[];
    expect(answers.filter(({ movedTo }) => !movedTo)).to.have.lengthOf(2);
    for (const { movedTo } of answers) {
      if (!movedTo) continue;
      const job = await jobs.reached(movedTo, 'failed');
      expect(job.attemptsMade).to.equal(1);
      expect(job.failedReason).to.match(/^ValidationError: /);
      expect(job.name).to.match(/^(unreadable unit|\w+)$/);
    }
    expect((await on.users()).map(({ totalXp }) => totalXp)).to.deep.equal([2]);
  });
});
