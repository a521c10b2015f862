import { expect } from 'chai';
import { type Context, session, Telegraf } from 'telegraf';
import type { Update } from 'telegraf/types';
import type { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { type LedgerContext, store, withLedger } from '../../src/telegraf.js';
import { SPIN_TOKEN, startTestApi, type TestApi } from '../api/harness.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startWorker } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { botInfo, message } from './updates.js';

interface Counting extends Context, LedgerContext {
  session: { count: number };
}

const user = 123_456;
const group = -100_555;

describe('botledger/telegraf', () => {
  let api: TestApi;
  let side: TestBot;
  let ledger: BotLedger;
  let opened: Closable[];

  beforeEach(async () => {
    const redisUrl = await freshRedisUrl();
    api = await startTestApi({ redisUrl });
    side = await startBot({ redisUrl, apiUrl: api.url, apiToken: SPIN_TOKEN });
    ledger = side.ledger;
    opened = [api, side, await startWorker(api.database, redisUrl)];
  });
  afterEach(() => closeAll(opened));

  /** A bot that counts messages in its session and gives XP. */
  function countingBot(handler: (ctx: Counting) => unknown = () => undefined): Telegraf<Counting> {
    const bot = new Telegraf<Counting>('42:token');
    bot.botInfo = botInfo;
    bot.use(withLedger(ledger));
    bot.use(session({ defaultSession: () => ({ count: 0 }), store: store<{ count: number }>(ledger) }));
    bot.on('message', async (ctx) => {
      ctx.session.count++;
      ctx.ledger.addXp({ xp: 5 });
      await handler(ctx);
    });
    bot.catch((error) => {
      throw error;
    });
    return bot;
  }
  const deliver = (bot: Telegraf<Counting>, id: number, chat = user) =>
    bot.handleUpdate(message(id, user, 'hello', chat) as unknown as Update);

  it('changes nothing when an update is delivered again', async () => {
    const bot = countingBot();
    for (const id of [1, 2, 1, 3, 2, 3]) await deliver(bot, id);
    expect((await ledger.getSession(user)).session).to.deep.equal({ count: 3 });
    await (await ledger.touchUser(user, {}, { key: 'last' })).result();
    expect(await ledger.getUser(user)).to.include({ totalXp: 15 });
    expect(await side.jobs.queue.getFailedCount()).to.equal(0);
  });

  it('loses no session of updates that are handled at once', async () => {
    const bot = countingBot();
    await Promise.all([1, 2, 3, 4, 5].map((id) => deliver(bot, id, id % 2 ? user : group)));
    expect((await ledger.getSession(user)).session).to.deep.equal({ count: 3, $sessions: { [group]: { count: 2 } } });
  });

  it('keeps the sessions of groups beside the one of the private chat', async () => {
    const bot = countingBot();
    await deliver(bot, 1);
    await deliver(bot, 2, group);
    await deliver(bot, 3, group);
    const sessions = store<{ count: number }>(ledger);
    expect(await sessions.get(`${user}:${user}`)).to.deep.equal({ count: 1 });
    expect(await sessions.get(`${user}:${group}`)).to.deep.equal({ count: 2 });
    await sessions.delete(`${user}:${group}`);
    expect((await ledger.getSession(user)).session).to.deep.equal({ count: 1 });
  });

  it('sends nothing of a handler that throws, though Telegraf stores its session then', async () => {
    const bot = countingBot(() => {
      throw new Error('no');
    });
    await rejection(deliver(bot, 1));
    expect((await ledger.getSession(user)).session).to.deep.equal({});
    expect(await ledger.getUser(user)).to.equal(null);
  });

  it('says what helps when a key names no user', async () => {
    expect((await rejection(store(ledger).get('chat-5'))).message).to.match(/give store\(\) an ownerOf/);
  });
});
