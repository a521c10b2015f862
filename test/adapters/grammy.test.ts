import { expect } from 'chai';
import {
  Bot,
  type Context,
  enhanceStorage,
  type LazySessionFlavor,
  lazySession,
  type SessionFlavor,
  session,
} from 'grammy';
import { bySender, type LedgerFlavor, storage, withLedger } from '../../src/grammy.js';
import { type BotLedger, ValidationError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { SPIN_TOKEN, startTestApi, type TestApi } from '../api/harness.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startWorker } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';
import { botInfo, message } from './updates.js';

interface Counted {
  count: number;
}
type CountedContext = Context & SessionFlavor<Counted> & LedgerFlavor;

const user = 123_456;

async function listed<T>(values: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('botledger/grammy', () => {
  let api: TestApi;
  let side: TestBot;
  let ledger: BotLedger;
  let opened: Closable[];

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    api = await startTestApi({ redisUrl });
    side = await startBot({ redisUrl, apiUrl: api.url, apiToken: SPIN_TOKEN });
    ledger = side.ledger;
    opened = [api, side];
  });
  afterEach(() => closeAll(opened));

  const work = async () => void opened.push(await startWorker(api.database, side.redisUrl));
  const newBot = <C extends Context>() => new Bot<C>('42:token', { botInfo });
  const sent = () => side.jobs.queue.getJobs(['wait', 'active', 'completed'], 0, -1, true);
  const unitsSent = async () => (await sent()).flatMap(({ data }) => data.units);

  /** A bot that counts messages in its session and gives XP. */
  function countingBot(handler: (ctx: CountedContext) => unknown = () => undefined): Bot<CountedContext> {
    const bot = newBot<CountedContext>();
    bot.use(withLedger(ledger));
    bot.use(session({ initial: () => ({ count: 0 }), storage: storage(ledger), getSessionKey: bySender }));
    bot.on('message', async (ctx) => {
      ctx.session.count++;
      ctx.ledger.addXp({ xp: 5 });
      await handler(ctx);
    });
    return bot;
  }

  it('sends what an update writes as one unit with its session', async () => {
    await countingBot().handleUpdate(message(1, user, 'hello'));
    const [unit, ...others] = await unitsSent();
    expect(others).to.deep.equal([]);
    expect(unit).to.deep.include({
      key: 'upd-1',
      operations: [
        { name: 'addXp', telegramId: user, xp: 5 },
        { name: 'saveSession', telegramId: user, session: { count: 1 } },
      ],
    });
    expect(await ledger.getSession(user)).to.deep.equal({ session: { count: 1 }, stats: {} });
  });

  it('changes nothing when an update is delivered again', async () => {
    await work();
    const bot = countingBot();
    for (const id of [1, 2, 1, 3, 2, 3]) await bot.handleUpdate(message(id, user, 'hello'));
    expect((await ledger.getSession(user)).session).to.deep.equal({ count: 3 });
    await (await ledger.touchUser(user, {}, { key: 'last' })).result();
    expect(await ledger.getUser(user)).to.include({ totalXp: 15 });
    expect(await side.jobs.queue.getFailedCount()).to.equal(0);
  });

  it('sends early what a handler wants the answer of, and gives the first answer again', async () => {
    await work();
    const answers: unknown[] = [];
    const bot = countingBot(async (ctx) => {
      const [xp] = await (await ctx.ledger.send()).result();
      answers.push(xp);
      ctx.ledger.awardBadge({ badgeType: 'early' });
    });
    await bot.handleUpdate(message(1, user, 'hello'));
    await bot.handleUpdate(message(1, user, 'hello'));
    await until(async () => (await side.jobs.queue.getCompletedCount()) === 2);
    expect(answers[0]).to.include({ totalXp: 5 });
    expect(answers[1]).to.deep.equal(answers[0]);
    expect((await unitsSent()).map(({ key }) => key)).to.have.members(['upd-1', 'upd-1-2']);
  });

  it('sends nothing of a handler that throws', async () => {
    const bot = countingBot(() => {
      throw new Error('no');
    });
    await rejection(bot.handleUpdate(message(1, user, 'hello')));
    expect(await sent()).to.deep.equal([]);
    expect((await ledger.getSession(user)).session).to.deep.equal({});
  });

  it('writes for other users by for(), and reads for the sender', async () => {
    const other = 654_321;
    await countingBot(async (ctx) => {
      ctx.ledger.for(other).addXp({ xp: 1 });
      expect((await ctx.ledger.getUserSession()).session).to.deep.equal({});
      expect(await ctx.ledger.checkAccess()).to.include({ hasAccess: false });
    }).handleUpdate(message(1, user, 'hello'));
    const units = await unitsSent();
    expect(units.at(-1).operations.map(({ telegramId }: { telegramId: number }) => telegramId)).to.deep.equal([
      user,
      other,
      user,
    ]);
  });

  it('deletes a user in a unit of its own, and their session with them', async () => {
    const bot = countingBot((ctx) => {
      if (ctx.message?.text === 'forget me') ctx.ledger.deleteUser();
    });
    await bot.handleUpdate(message(1, user, 'hello'));
    await bot.handleUpdate(message(2, user, 'forget me'));
    expect(await ledger.getSession(user)).to.deep.equal({ session: {}, stats: {} });
    const keys = (await unitsSent()).map(({ key, operations }) => [key, operations.length]);
    expect(keys.at(-1)).to.deep.equal(['upd-2-2', 1]);
  });

  it('keeps lazy sessions, and asks for them only when they are used', async () => {
    const bot = newBot<Context & LazySessionFlavor<Counted> & LedgerFlavor>();
    bot.use(withLedger(ledger));
    bot.use(lazySession({ initial: () => ({ count: 0 }), storage: storage(ledger), getSessionKey: bySender }));
    bot.hears('count', async (ctx) => {
      const current = await ctx.session;
      current.count++;
    });
    await bot.handleUpdate(message(1, user, 'nothing'));
    expect(await sent()).to.deep.equal([]);
    await bot.handleUpdate(message(2, user, 'count'));
    await bot.handleUpdate(message(3, user, 'count'));
    expect((await ledger.getSession(user)).session).to.deep.equal({ count: 2 });
  });

  it('keeps multi sessions side by side, with the middleware and without', async () => {
    type Multi = { main: Counted; cart: string[] };
    for (const [index, within] of [true, false].entries()) {
      const bot = newBot<Context & SessionFlavor<Multi> & LedgerFlavor>();
      if (within) bot.use(withLedger(ledger));
      bot.use(
        session<Multi, Context & SessionFlavor<Multi> & LedgerFlavor>({
          type: 'multi',
          main: { initial: () => ({ count: 0 }), storage: storage(ledger), getSessionKey: bySender },
          cart: { initial: () => [], storage: storage(ledger), getSessionKey: bySender, prefix: 'cart:' },
        }),
      );
      bot.on('message:text', (ctx) => {
        ctx.session.main.count++;
        ctx.session.cart.push(ctx.message.text);
      });
      await bot.handleUpdate(message(1, user + index, 'tea'));
      await bot.handleUpdate(message(2, user + index, 'milk'));
      expect((await ledger.getSession(user + index)).session).to.deep.equal({
        count: 2,
        $sessions: { cart: ['tea', 'milk'] },
      });
    }
  });

  it('keeps enhanced sessions: migrated, and gone when their time is over', async () => {
    const old = storage<{ __d: { n: number }; v?: number }>(ledger);
    await old.write(`${user}`, { __d: { n: 1 } });
    const migrating = enhanceStorage<Counted>({
      storage: storage(ledger),
      migrations: { 1: ({ n }: { n: number }) => ({ count: n + 1 }) },
    });
    expect(await migrating.read(`${user}`)).to.deep.equal({ count: 2 });
    const shortLived = enhanceStorage<Counted>({ storage: storage(ledger), millisecondsToLive: -1 });
    await shortLived.write(`${user}`, { count: 3 });
    expect(await shortLived.read(`${user}`)).to.equal(undefined);
  });

  it('removes a session that is set to null, and starts it anew', async () => {
    const bot = newBot<CountedContext>();
    bot.use(session({ initial: () => ({ count: 7 }), storage: storage(ledger), getSessionKey: bySender }));
    bot.on('message:text', (ctx) => {
      if (ctx.message.text === 'reset') ctx.session = null;
      else ctx.session.count++;
    });
    await bot.handleUpdate(message(1, user, 'hello'));
    await bot.handleUpdate(message(2, user, 'reset'));
    expect(await storage(ledger).has?.(`${user}`)).to.equal(false);
    await bot.handleUpdate(message(3, user, 'hello'));
    expect((await ledger.getSession(user)).session).to.deep.equal({ count: 8 });
  });

  it('keeps any value that is JSON, and refuses what is none', async () => {
    const kept = storage<unknown>(ledger);
    for (const value of [5, 'text', [1], {}, { a: { b: null } }, false]) {
      await kept.write(`${user}`, value);
      expect(await kept.read(`${user}`)).to.deep.equal(value);
    }
    const error = await rejection(Promise.resolve(kept.write(`${user}`, { when: new Date() })));
    expect(error).to.be.instanceOf(ValidationError);
    expect(error.message).to.match(/session\.when: a Date is not JSON/);
  });

  it('lists keys, values and entries, page by page', async () => {
    await work();
    const kept = storage<{ n: number }>(ledger);
    const users = Array.from({ length: 101 }, (_, index) => 1_000 + index);
    for (const id of users) await kept.write(`${id}`, { n: id });
    await kept.write('cart:1000', { n: 0 });
    await (await ledger.touchUser(1_000)).result();
    const keys = [...users.map(String), 'cart:1000'].sort();
    await until(async () => (await listed(kept.readAllKeys?.() ?? [])).length === keys.length);
    expect((await listed(kept.readAllKeys?.() ?? [])).sort()).to.deep.equal(keys);
    expect(await listed(kept.readAllEntries?.() ?? [])).to.deep.include(['1005', { n: 1005 }]);
    expect(await listed(kept.readAllValues?.() ?? [])).to.deep.include({ n: 1100 });
  });

  it('refuses the sessions of chats, which are no users, and says what helps', async () => {
    const bot = newBot<CountedContext>();
    bot.use(session({ initial: () => ({ count: 0 }), storage: storage(ledger) }));
    bot.on('message', (ctx) => void ctx.session.count++);
    await bot.handleUpdate(message(1, user, 'hello'));
    const error = await rejection(bot.handleUpdate(message(2, user, 'hello', -100_555)));
    expect((error as Error & { error?: Error }).message).to.match(/getSessionKey: bySender/);
  });
});
