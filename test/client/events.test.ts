import { expect } from 'chai';
import fc from 'fast-check';
import type { BotEvent, EventType } from '../../src/domain/events.js';
import { addWish, readWishes } from '../../src/event-queue.js';
import { type BotLedger, ValidationError } from '../../src/index.js';
import { badgeEvent, type EventFleet, startEventFleet } from '../helpers/events.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';

const ANN = 777_000_111;
const BOB = -100_777_000_222;

describe('events in a bot', () => {
  let fleet: EventFleet;
  let ledger: BotLedger;

  beforeEach(async () => {
    fleet = await startEventFleet();
    ledger = fleet.open();
  });
  afterEach(() => fleet.close());

  /** Tells until something was handled so many times. */
  const handled = (list: readonly unknown[], count: number) =>
    until(() => list.length >= count, { what: `${count} are handled`, timeoutMs: 30_000 });
  const counts = () => fleet.queueOf().queue.getJobCounts();

  it('come to the handlers of their type, as they were sent', async () => {
    const seen: [string, BotEvent][] = [];
    await ledger.onEvent('badge.awarded', (event) => {
      const badge: string = event.payload.badgeType;
      seen.push([badge, event]);
    });
    await ledger.onEvent('*', (event) => void seen.push(['*', event]));
    await ledger.onEvent('user.leveledUp', (event) => void seen.push([`level ${event.payload.newLevel}`, event]));
    const badge = badgeEvent(1, ANN);
    const payload = { oldLevel: 1, newLevel: 2, totalXp: 100 };
    const level = badgeEvent(2, ANN, { type: 'user.leveledUp', payload });
    await fleet.queueOf().add([badge, level]);
    await handled(seen, 4);
    expect(seen).to.deep.equal([
      ['badge-1', badge],
      ['*', badge],
      ['*', level],
      ['level 2', level],
    ]);
  });

  it('of other bots come only to the handlers that ask for them', async () => {
    const seen: string[] = [];
    await ledger.onEvent('badge.awarded', ({ id }) => void seen.push(`all ${id}`), { from: 'all' });
    await ledger.onEvent('badge.awarded', ({ id }) => void seen.push(`own ${id}`));
    expect(await readWishes(fleet.redis)).to.deep.equal(
      new Map([['spin_bot', [{ type: 'badge.awarded', from: 'all' }]]]),
    );
    await fleet.queueOf().add([badgeEvent(1, ANN, { bot: 'quiz_bot' }), badgeEvent(2, ANN)]);
    await handled(seen, 3);
    expect(seen).to.deep.equal(['all 1', 'all 2', 'own 2']);
  });

  it('that happen while the bot is down come when it is back', async () => {
    await ledger.onEvent('badge.awarded', () => undefined);
    await ledger.close();
    await fleet.queueOf().add([badgeEvent(1, ANN)]);
    const seen: number[] = [];
    void fleet.open().onEvent('badge.awarded', ({ id }) => void seen.push(id));
    await handled(seen, 1);
  });

  it('of one user are handled one at a time and in order, whatever fails, in however many processes', async function () {
    this.timeout(120_000);
    // How often each event fails before it is handled, event by event, of three users.
    const plan = fc.array(fc.record({ user: fc.integer({ min: 1, max: 3 }), failures: fc.constantFrom(0, 0, 0, 1) }), {
      minLength: 1,
      maxLength: 40,
    });
    let lastId = 0;
    const busy = new Set<number>();
    const done = new Map<number, number[]>();
    const failuresLeft = new Map<number, number>();
    const handle = async ({ id, telegramId }: BotEvent) => {
      expect(busy.has(telegramId), 'two at a time').to.equal(false);
      busy.add(telegramId);
      await new Promise(setImmediate);
      busy.delete(telegramId);
      const left = failuresLeft.get(id) ?? 0;
      failuresLeft.set(id, left - 1);
      if (left > 0) throw new Error('not yet');
      done.set(telegramId, [...(done.get(telegramId) ?? []), id]);
    };
    for (const process of [ledger, fleet.open(), fleet.open()]) await process.onEvent('*', handle);
    const queue = fleet.queueOf();
    await fc.assert(
      fc.asyncProperty(plan, async (events) => {
        done.clear();
        const expected = new Map<number, number[]>();
        const all = events.map(({ user, failures }) => {
          const id = ++lastId;
          expected.set(user, [...(expected.get(user) ?? []), id]);
          failuresLeft.set(id, failures);
          return badgeEvent(id, user);
        });
        const half = Math.ceil(all.length / 2);
        await queue.add(all.slice(0, half));
        if (all.length > half) await queue.add(all.slice(half));
        const complete = async () => [...done.values()].flat().length === all.length;
        await until(complete, { timeoutMs: 30_000 });
        expect(done).to.deep.equal(expected);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    expect((await queue.queue.getFailed()).map(({ failedReason }) => failedReason)).to.deep.equal([]);
  });

  it('of other users pass by one whose handler fails, and those of this user wait', async () => {
    const seen: string[] = [];
    let mended = false;
    await ledger.onEvent('badge.awarded', ({ id, telegramId }) => {
      if (id === 1 && !mended) throw new Error('Telegram is away');
      seen.push(`${telegramId} ${id}`);
    });
    const events = Array.from({ length: 30 }, (_, index) => badgeEvent(index + 1, index < 15 ? ANN : BOB));
    await fleet.queueOf().add(events);
    await handled(seen, 15);
    await until(async () => (await counts())['delayed'] === 15, { what: 'the others wait' });
    expect(seen).to.deep.equal(events.slice(15).map(({ id }) => `${BOB} ${id}`));
    mended = true;
    await handled(seen, 30);
    expect(seen.slice(15)).to.deep.equal(events.slice(0, 15).map(({ id }) => `${ANN} ${id}`));
  });

  it('that fail for good are kept with the reason, and hold up nobody any more', async () => {
    const seen: number[] = [];
    let attempts = 0;
    await ledger.onEvent('badge.awarded', ({ id }) => {
      if (id === 1 && ++attempts) throw new Error('blocked by the user');
      seen.push(id);
    });
    const { queue } = fleet.queueOf();
    await fleet.queueOf().add([badgeEvent(1, ANN), badgeEvent(2, ANN), badgeEvent(3, ANN)]);
    // Nine minutes of waiting in between are left out.
    await until(
      async () => {
        const job = await queue.getJob('event-1');
        if (await job?.isDelayed()) await job?.promote().catch(() => undefined);
        return job?.isFailed();
      },
      { timeoutMs: 20_000 },
    );
    await handled(seen, 2);
    expect(seen).to.deep.equal([2, 3]);
    expect(attempts).to.equal(10);
    const job = await queue.getJob('event-1');
    expect(job?.failedReason).to.equal('blocked by the user');
    const before = attempts;
    await job?.retry();
    await until(() => attempts > before, { what: 'a person can retry it' });
  });

  it('that come twice are handled once while they are remembered', async () => {
    const seen: number[] = [];
    await ledger.onEvent('badge.awarded', ({ id }) => void seen.push(id));
    const queue = fleet.queueOf();
    await queue.add([badgeEvent(1, ANN)]);
    await handled(seen, 1);
    await until(async () => (await fleet.redis.zcard(queue.queue.toKey('order'))) === 0, { what: 'no place is left' });
    expect((await counts())['completed']).to.equal(1);
    await queue.add([badgeEvent(1, ANN), badgeEvent(2, ANN)]);
    await handled(seen, 2);
    await until(async () => (await counts())['completed'] === 2);
    expect(seen).to.deep.equal([1, 2]);
  });

  it('leave the queue with their user, also the one that is being handled, and not those of who came back', async () => {
    const seen: string[] = [];
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await ledger.onEvent('badge.awarded', async ({ id, telegramId }) => {
      const event = `${telegramId} ${id}`;
      // On a busy machine the first one is tried again before it is gone.
      if (!seen.includes(event)) seen.push(event);
      if (id === 1) throw new Error('not yet');
      if (id === 10) await waiting;
    });
    const queue = fleet.queueOf();
    const events = [1, 2, 3].map((id) => badgeEvent(id, ANN));
    await queue.add([...events, badgeEvent(10, BOB), badgeEvent(11, BOB)]);
    await handled(seen, 2);
    await until(async () => (await counts())['delayed'] === 4);
    for (const user of [ANN, BOB]) await queue.forget(user, new Date(badgeEvent(20, ANN).at));
    goOn();
    await until(async () => Object.values(await counts()).every((count) => count === 0), { what: 'nothing is left' });
    await queue.add([badgeEvent(21, ANN), badgeEvent(22, BOB)]);
    await handled(seen, 4);
    await until(async () => (await counts())['completed'] === 2);
    await queue.forget(ANN, new Date(badgeEvent(20, ANN).at));
    expect((await counts())['completed']).to.equal(2);
    await queue.forget(ANN, new Date(badgeEvent(21, ANN).at));
    expect((await counts())['completed']).to.equal(1);
    expect(seen.slice().sort()).to.deep.equal([`${ANN} 1`, `${ANN} 21`, `${BOB} 10`, `${BOB} 22`].sort());
  });

  it('that the bot wishes for and has no handler for are not lost', async () => {
    await addWish(fleet.redis, 'spin_bot', { type: 'badge.awarded', from: 'own' });
    await ledger.onEvent('user.leveledUp', () => undefined);
    const queue = fleet.queueOf();
    await queue.add([badgeEvent(1, ANN)]);
    const job = await until(async () => {
      const found = await queue.queue.getJob('event-1');
      return found?.failedReason ? found : undefined;
    });
    expect(job.failedReason).to.match(/^no handler for badge.awarded in spin_bot: .*offEvent/);
    await ledger.offEvent('badge.awarded');
    await until(async () => (await counts())['completed'] === 1);
  });

  it('end with offEvent, for good', async () => {
    const seen: number[] = [];
    const wishes = async () => (await readWishes(fleet.redis)).get('spin_bot') ?? [];
    await ledger.onEvent('badge.awarded', ({ id }) => void seen.push(id));
    await ledger.onEvent('user.leveledUp', ({ id }) => void seen.push(id));
    await ledger.offEvent('badge.awarded');
    expect(await wishes()).to.deep.equal([{ type: 'user.leveledUp', from: 'own' }]);
    await ledger.close();
    const queue = fleet.queueOf();
    await queue.add([badgeEvent(1, ANN)]);
    await fleet.open().offEvent();
    expect(await wishes()).to.deep.equal([]);
    expect(
      (await fleet.redis.keys('*')).filter((key) => key.includes('order') || key.includes('event-')),
    ).to.deep.equal([]);
    expect(seen).to.deep.equal([]);
  });

  it('are waited for by close()', async () => {
    let ended = false;
    let begun = false;
    await ledger.onEvent('badge.awarded', async () => {
      begun = true;
      await until(() => closing, { what: 'close() is called' });
      ended = true;
    });
    await fleet.queueOf().add([badgeEvent(1, ANN)]);
    await until(() => begun);
    let closing = false;
    const closed = ledger.close();
    closing = true;
    await closed;
    expect(ended).to.equal(true);
    expect(await counts()).to.include({ completed: 1, active: 0 });
  });

  it('of a type that there is none of are refused at once', async () => {
    const wrong = 'badge.lost' as EventType;
    const error = await rejection((async () => ledger.onEvent(wrong, () => undefined))());
    expect(error).to.be.instanceOf(ValidationError);
    expect(error.message).to.match(/^type: unknown event "badge.lost", known are user.leveledUp/);
  });
});
