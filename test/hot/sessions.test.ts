import { expect } from 'chai';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { HotSessions, type Settled } from '../../src/hot/sessions.js';
import { freshRedisUrl } from '../helpers/redis.js';

const telegramId = 7;
const hash = `botledger:sessions:${telegramId}`;
const START = Date.UTC(2026, 0, 15);
const parts = ['session', 'stats'] as const;
type Part = (typeof parts)[number];

/** What the database holds of one user and bot: the rules of the commit, in a few lines. */
class HeldSessions {
  readonly #applied = new Set<string>();
  #parts = new Map<Part, { at: number; value: object }>();
  #deletedAt = -1;

  /** @returns what the commit would tell the hot session */
  commit({ key, at, image }: Job): Settled {
    if (this.#applied.has(key) || at <= this.#deletedAt) return 'refused';
    this.#applied.add(key);
    let saved = false;
    for (const part of parts) {
      const value = image[part];
      if (!value || at < (this.#parts.get(part)?.at ?? 0)) continue;
      this.#parts.set(part, { at, value });
      saved = true;
    }
    return saved ? 'stored' : 'refused';
  }

  delete(at: number): void {
    if (at <= this.#deletedAt) return;
    this.#deletedAt = at;
    this.#parts.clear();
  }

  view() {
    const iso = (part: Part) => {
      const at = this.#parts.get(part)?.at;
      return at === undefined ? null : new Date(at).toISOString();
    };
    const value = (part: Part) => (this.#parts.get(part)?.value ?? {}) as Record<string, unknown>;
    return { session: value('session'), stats: value('stats'), sessionAt: iso('session'), statsAt: iso('stats') };
  }
}

/** A unit on its way: enqueued, and then put and committed in whichever order. */
interface Job {
  key: string;
  at: number;
  image: { session?: { n: number }; stats?: { n: number } };
  deletes: boolean;
  put: boolean;
  committed: boolean;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('save' as const), parts: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rerun' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('ask' as const, 'warm' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

describe('Hot sessions', () => {
  let redis: Redis;
  let hot: HotSessions;

  before(async () => {
    redis = new Redis(await freshRedisUrl());
    hot = new HotSessions(redis, 600);
  });
  beforeEach(() => redis.flushdb());
  after(() => redis.quit());

  const address = { queue: 'botledger', job: '1', index: 0 };
  const writer = (key: string, at: number) => ({ bot: 'spin_bot', telegramId, key, at: new Date(at) });
  const put = (key: string, at: number, image: object, keyed = false) =>
    hot.put({ ...writer(key, at), image, keyed }, address);
  const read = async () => {
    const { session, stats } = await hot.read('spin_bot', telegramId);
    return { session: session && JSON.parse(session), stats: stats && JSON.parse(stats) };
  };

  it('show what the database holds, in whichever order puts, commits, repeats, deletions and warmings happen', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        await redis.flushdb();
        const held = new HeldSessions();
        const jobs: Job[] = [];
        let asked: ReturnType<HeldSessions['view']> | undefined;
        let clock = START;
        const enqueue = (image: Job['image'], deletes: boolean, key = `key-${jobs.length}`) =>
          jobs.push({ key, at: ++clock, image, deletes, put: false, committed: false });
        const enter = async (job: Job) => {
          job.put = true;
          if (job.deletes) await hot.forget(telegramId, job.key, new Date(job.at), false);
          else await put(job.key, job.at, job.image, true);
        };
        const commit = async (job: Job) => {
          job.committed = true;
          if (job.deletes) {
            held.delete(job.at);
            await hot.forget(telegramId, job.key, new Date(job.at), true);
            return;
          }
          const became = held.commit(job);
          const settled = parts.map((part) => (job.image[part] ? became : ''));
          await hot.settle(writer(job.key, job.at), settled[0] as Settled, settled[1] as Settled);
        };

        const one = async (step: Step) => {
          const pick = (fits: (job: Job) => boolean, which: number) => {
            const fitting = jobs.filter(fits);
            return fitting.length > 0 ? [fitting[which % fitting.length] as Job] : [];
          };
          const n = jobs.length;
          switch (step.do) {
            case 'save':
              return enqueue(
                { ...(step.parts & 1 && { session: { n } }), ...(step.parts & 2 && { stats: { n } }) },
                false,
              );
            case 'again':
              return pick(
                (job) => jobs.indexOf(job) > jobs.findLastIndex(({ deletes }) => deletes),
                step.which,
              ).forEach(({ image, key }) => void enqueue(image, false, key));
            case 'delete':
              return enqueue({}, true);
            case 'ask':
              asked = held.view();
              return;
            case 'warm':
              return hot.warm('spin_bot', telegramId, asked ?? held.view());
            case 'put':
              return Promise.all(pick((job) => !job.put, step.which).map(enter));
            case 'commit':
              return Promise.all(pick((job) => !job.committed, step.which).map(commit));
            case 'rerun':
              return Promise.all(pick((job) => job.committed, step.which).map(commit));
          }
        };
        for (const step of steps) {
          await one(step);
          const waits = Number((await redis.hget(hash, 'waiting')) ?? 0) > 0;
          if (await redis.exists(hash))
            expect(await redis.ttl(hash), 'what waits does not expire').to.satisfy(
              (ttl: number) => (ttl === -1) === waits,
            );
        }
        for (const job of jobs.filter((job) => !job.put)) await enter(job);
        for (const job of jobs.filter((job) => !job.committed)) await commit(job);

        const { session, stats } = held.view();
        const seen = await read();
        expect(seen.session ?? session).to.deep.equal(session);
        expect(seen.stats ?? stats).to.deep.equal(stats);
        expect(Number((await redis.hget(hash, 'waiting')) ?? 0), 'all is settled').to.equal(0);
        if (await redis.exists(hash)) expect(await redis.ttl(hash), 'all expires').to.be.above(0);
        const warmed = await hot.warm('spin_bot', telegramId, held.view());
        expect(JSON.parse(warmed.session ?? JSON.stringify(session))).to.deep.equal(session);
      }),
      { numRuns: 500 },
    );
  });
});
