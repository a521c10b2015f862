import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { Bot, type Context, session } from 'grammy';
import type { Update } from 'grammy/types';
import { bySender, storage } from '../../src/grammy.js';
import type { BotLedger } from '../../src/index.js';
import { botInfo, message } from '../adapters/updates.js';
import { type Fleet, startFleet } from './fleet.js';
import { codeBlocks } from './markdown.js';
import { root, runExample } from './programs.js';

const documentOf = (name: string) => readFileSync(`${root}docs/${name}.md`, 'utf8');
const directory = fileURLToPath(new URL('./programs/', import.meta.url));

let shown = 0;

/** The bot that a document shows, as it stands; it is not started. */
async function botOf(name: string, fleet: Fleet) {
  const block = codeBlocks(documentOf(name)).find(({ file }) => file === 'bot.js');
  mkdirSync(directory, { recursive: true });
  const file = `${directory}${name}-${process.pid}-${++shown}.mjs`;
  writeFileSync(file, block?.lines.join('\n') ?? '');
  const environment = { REDIS_URL: fleet.redisUrl, API_URL: fleet.apiUrl, BOT_TOKEN: '42:token' };
  const token = name === 'grammy' ? fleet.spinToken : fleet.quizToken;
  Object.assign(process.env, environment, { API_TOKEN: token });
  try {
    const program = (await import(pathToFileURL(file).href)) as {
      bot: Pick<Bot, 'handleUpdate' | 'botInfo' | 'command'>;
      ledger: BotLedger;
    };
    program.bot.botInfo = botInfo;
    return program;
  } finally {
    rmSync(file);
    for (const variable of [...Object.keys(environment), 'API_TOKEN']) delete process.env[variable];
  }
}

describe('The documents on sessions', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.close());

  it('docs/sessions.md saves, reads and resets, and reads with the user', async () => {
    const telegramId = fleet.someone();
    const document = documentOf('sessions');
    expect(await runExample('save and read', { ledger: fleet.spin, telegramId }, document)).to.deep.equal([
      '5 12',
      'undefined',
    ]);
    const saved = await fleet.spin.saveSession(telegramId, { session: { step: 6 } });
    await saved.result();
    expect(await runExample('with the user', { ledger: fleet.spin, telegramId }, document)).to.deep.equal([
      'Ann 0',
      '6',
    ]);
  });

  it('docs/grammy.md counts answers, gives XP and a badge, once for each update', async () => {
    const { bot, ledger } = await botOf('grammy', fleet);
    const telegramId = fleet.someone();
    for (const id of [1, 2, 2, 3]) await bot.handleUpdate(message(id, telegramId, 'an answer') as Update);
    await (await ledger.touchUser(telegramId)).result();
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ answers: 3 });
    expect(await ledger.getUser(telegramId)).to.include({ totalXp: 30 });
    expect(await ledger.hasBadge(telegramId, 'third_answer')).to.equal(true);
    await ledger.close();
  });

  it('docs/grammy.md needs an answer, and keeps a multi session', async () => {
    const { ledger } = await botOf('grammy', fleet);
    const telegramId = fleet.someone();
    await (await ledger.addFreeTrainings(telegramId, { count: 1, source: 'ADMIN' })).result();
    const handled: ((ctx: unknown) => Promise<void>)[] = [];
    const noting = { command: (_: string, handler: (ctx: unknown) => Promise<void>) => void handled.push(handler) };
    await runExample('needs the answer', { bot: noting }, documentOf('grammy'));
    const seen = { answers: 9 };
    await ledger.updates.handle({ id: 7, telegramId }, async (bound) => {
      await handled[0]?.({ ledger: bound, session: seen });
    });
    expect(seen).to.deep.equal({ answers: 0 });

    const multi = new Bot<Context & { session: { main: { answers: number }; cart: string[] } }>('42:token', {
      botInfo,
    });
    await runExample('multi', { bot: multi, ledger, session, storage, bySender }, documentOf('grammy'));
    multi.on('message', (ctx) => void ctx.session.cart.push('tea'));
    await multi.handleUpdate(message(8, telegramId, 'tea'));
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ answers: 0, $sessions: { cart: ['tea'] } });
    await ledger.close();
  });

  it('docs/telegraf.md counts answers and gives XP, once for each update', async () => {
    const { bot, ledger } = await botOf('telegraf', fleet);
    const telegramId = fleet.someone();
    for (const id of [1, 2, 2, 3]) await bot.handleUpdate(message(id, telegramId, 'an answer') as Update);
    await (await ledger.touchUser(telegramId)).result();
    expect((await ledger.getSession(telegramId)).session).to.deep.equal({ answers: 3 });
    expect(await ledger.getUser(telegramId)).to.include({ totalXp: 30 });
    await ledger.close();
  });
});
