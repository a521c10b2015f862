import { expect } from 'chai';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { UserView } from '../../src/domain/views.js';
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
    const times = { sessionAt: iso('session'), statsAt: iso('stats') };
    return { session: value('session'), stats: value('stats'), ...times, user: null };
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

/** What a reader or a worker does next; it may be a long time until it goes on, or for ever. */
const move = fc.oneof(
  { weight: 9, arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'commit' as const, 'delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  { weight: 24, arbitrary: fc.record({ do: fc.constant('goOn' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), which: fc.nat() }) },
);

/** What the database held of a user, one after the other: the number of the state stands for XP; null when deleted. */
class HeldUser {
  readonly states: (UserView | null)[] = [null];

  get now(): UserView | null {
    return this.states.at(-1) ?? null;
  }

  /** @returns the number of the new state */
  commit(exists: boolean): number {
    const totalXp = this.states.length;
    return this.states.push(exists ? ({ telegramId, totalXp } as UserView) : null) - 1;
  }

  /** The number of the last state in which the user was like this. */
  numberOf(shown: UserView | null): number {
    return shown ? shown.totalXp : this.states.lastIndexOf(null);
  }
}

/** A redelivered update is refused beside a newer save, and its put comes after that. */
const REFUSED_BEFORE_ITS_PUT: Step[] = [
  { do: 'save', parts: 1 },
  { do: 'save', parts: 1 },
  { do: 'again', which: 0 },
  { do: 'commit', which: 0 },
  { do: 'put', which: 1 },
  { do: 'commit', which: 1 },
  { do: 'put', which: 1 },
];

/** A redelivered update is committed at its second time, and was put at its first. */
const COMMITTED_AT_ANOTHER_TIME: Step[] = [
  { do: 'save', parts: 1 },
  { do: 'save', parts: 3 },
  { do: 'again', which: 0 },
  { do: 'put', which: 0 },
  { do: 'commit', which: 2 },
];

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
      { numRuns: 500, examples: [[REFUSED_BEFORE_ITS_PUT], [COMMITTED_AT_ANOTHER_TIME]] },
    );
  });

  it('show the user as the last settled commit left them or later, however readers, workers and deaths interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 50 }), async (moves) => {
        await redis.flushdb();
        const held = new HeldUser();
        let settled = 0;
        let running: AsyncGenerator[] = [];
        const redelivered: AsyncGenerator[] = [];

        async function* reader() {
          const lease = await hot.leaseUser(telegramId);
          yield;
          const user = held.now;
          yield;
          await hot.warm('spin_bot', telegramId, { ...new HeldSessions().view(), user }, lease);
        }
        async function* settle(state: number) {
          if ((await hot.watched([telegramId, 8])).length > 0) {
            yield;
            const lease = await hot.outdateUser(telegramId);
            yield;
            const user = held.now;
            yield;
            if (lease) await hot.showUser(telegramId, lease, user);
          }
          settled = Math.max(settled, state);
        }
        async function* settleDeletion(state: number, at: number) {
          yield;
          await hot.forget(telegramId, `gone-${state}`, new Date(at), true);
          settled = Math.max(settled, state);
        }
        const repeats = new Map<AsyncGenerator, () => AsyncGenerator>();
        const one = async (next: (typeof moves)[number]) => {
          switch (next.do) {
            case 'read':
              running.push(reader());
              return;
            case 'commit':
            case 'delete': {
              const state = held.commit(next.do === 'commit');
              const work = () => (next.do === 'commit' ? settle(state) : settleDeletion(state, START + state));
              const worker = work();
              running.push(worker);
              repeats.set(worker, work);
              return;
            }
            case 'expire':
              // What expires takes all of it: leases that are out do not count any more.
              await redis.del(hash);
              return;
            default: {
              const process = running[next.which % Math.max(1, running.length)];
              if (!process) return;
              const again = repeats.get(process);
              if (next.do === 'die') {
                if (again) redelivered.push(again());
                running = running.filter((other) => other !== process);
              } else if ((await process.next()).done) running = running.filter((other) => other !== process);
            }
          }
        };
        const shown = async () => {
          const { user } = await hot.read('spin_bot', telegramId);
          return user === undefined ? undefined : (JSON.parse(user) as UserView | null);
        };
        for (const next of moves) {
          await one(next);
          const user = await shown();
          if (user !== undefined) expect(held.numberOf(user)).to.be.at.least(settled);
        }
        for (const process of [...running, ...redelivered]) for await (const _ of process);
        const user = await shown();
        if (user !== undefined) expect(user).to.deep.equal(held.now);
        for await (const _ of reader());
        expect(await shown(), 'a reader that nobody disturbs shows the user').to.deep.equal(held.now);
        for await (const _ of settle(held.commit(true)));
        expect(await shown(), 'and so does a worker').to.deep.equal(held.now);
      }),
      { numRuns: 200 },
    );
  });

  it('show no user as they were before a commit, whoever is late', async () => {
    const [v1, v2] = [1, 2].map((totalXp) => ({ telegramId, totalXp }) as UserView) as [UserView, UserView];
    const warm = (user: UserView, lease: string) =>
      hot.warm('spin_bot', telegramId, { ...new HeldSessions().view(), user }, lease);
    const shown = async () => JSON.parse((await hot.read('spin_bot', telegramId)).user ?? 'null');

    const asked = await hot.leaseUser(telegramId);
    const committed = await hot.outdateUser(telegramId);
    expect((await warm(v1, asked)).user, 'the reader asked before the commit').to.equal(undefined);
    const again = (await hot.outdateUser(telegramId)) as string;
    await hot.showUser(telegramId, committed as string, v1);
    expect(await shown(), 'the worker was overtaken by another').to.equal(null);
    await hot.showUser(telegramId, again, v2);
    expect(await shown()).to.deep.equal(v2);
    expect((await warm(v1, asked)).user).to.equal(JSON.stringify(v2));

    const before = await hot.leaseUser(telegramId);
    await hot.forget(telegramId, 'gone', new Date(START), true);
    await warm(v2, before);
    await hot.showUser(telegramId, before, v2);
    expect(await redis.hexists(hash, 'user'), 'the user was deleted meanwhile').to.equal(0);
    expect(await hot.outdateUser(telegramId), 'nobody has asked since').to.equal(undefined);
  });

  it('show a user for a day, and watch them for two', async () => {
    const lease = await hot.leaseUser(telegramId);
    await hot.showUser(telegramId, lease, null);
    expect((await hot.read('spin_bot', telegramId)).user).to.equal('null');
    expect(await hot.leaseUser(telegramId), 'readers share a lease').to.equal(lease);

    const ago = (hours: number) => Date.now() - hours * 3_600_000;
    await redis.hset(hash, 'user@', `${ago(25)} old`);
    expect((await hot.read('spin_bot', telegramId)).user).to.equal(undefined);
    expect(await hot.leaseUser(telegramId)).to.match(/^\d{13} (?!old)/);
    expect(await redis.hexists(hash, 'user'), 'what nobody answers for is gone').to.equal(0);

    await redis.zadd('botledger:hot-users', ago(47), 8, ago(49), 9);
    await hot.unwatch();
    expect(await hot.watched([9, 8, telegramId, 10])).to.deep.equal([8, telegramId]);
  });
});
