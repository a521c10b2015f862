import { type BotLedger, QueueUnavailableError, ValidationError } from 'botledger';
import { type LedgerContext, store, withLedger } from 'botledger/telegraf';
import { type Context, session, Telegraf } from 'telegraf';
import { callbackQuery, message } from 'telegraf/filters';
import { outcomeOf } from '../shared/outcome.js';
import { invoiceOf, paymentOf, problemOf } from '../shared/shop.js';
import { notTold, tell } from '../shared/tell.js';
import { aboutMe, promoText, topTen } from '../shared/texts.js';
import { answer, isOver, isPerfect, type Quiz, scoreOf, show } from './quiz.js';

/** Kept in the ledger for each user: plain JSON. */
interface Session {
  /** The message that asks to be let in, while that has no answer. */
  asked?: number;
  /** The quiz under way, or the last one. */
  quiz?: Quiz;
}

type QuizContext = Context & LedgerContext & { session: Session };

interface Options extends Partial<Telegraf.Options<QuizContext>> {
  /** Of a payment provider, from @BotFather. Without it only Stars are taken. */
  providerToken?: string | undefined;
}

/**
 * A bot that quizzes people. It shares users, XP, badges and what they paid for with every other bot of the ledger.
 *
 * Telegraf handles the updates that it gets at once side by side, and several processes may run: what must happen once
 * per quiz, letting in and rewarding, has a key of the quiz and not of the update.
 */
export function createQuizBot(token: string, ledger: BotLedger, { providerToken, ...options }: Options = {}) {
  const bot = new Telegraf<QuizContext>(token, options);

  // What a handler calls on `ctx.ledger` goes out as one unit with the session, under the key `upd-<update_id>`.
  bot.use(withLedger(ledger));
  bot.use(session({ defaultSession: (): Session => ({}), store: store<Session>(ledger) }));

  bot.on('pre_checkout_query', async (ctx) => {
    const problem = problemOf(ctx.preCheckoutQuery);
    await ctx.answerPreCheckoutQuery(!problem, problem);
  });

  bot.on(message('successful_payment'), async (ctx) => {
    ctx.ledger.recordPayment(paymentOf(ctx.message.successful_payment, 'COMPLETED'));
    await tell(ctx, 'Thank you! /me shows what you have.');
  });

  // Telegraf 4.16 does not know `refunded_payment` by its type yet.
  bot.on('message', async (ctx, next) => {
    const { refunded_payment } = ctx.message as { refunded_payment?: Parameters<typeof paymentOf>[0] };
    if (!refunded_payment) return next();
    ctx.ledger.recordPayment(paymentOf(refunded_payment, 'REFUNDED'));
    await tell(ctx, 'Your money is on its way back.');
  });

  // Sessions are those of users: in a group many would share a quiz.
  bot.use((ctx, next) => (ctx.chat?.type === 'private' ? next() : undefined));

  bot.start(async (ctx) => {
    const { username = null, first_name } = ctx.from;
    ctx.ledger.touchUser({ username, firstName: first_name });
    // Once per user, whichever bot they come to first.
    ctx.ledger.addFreeTrainings({ count: 2, source: 'CHANNEL', once: true });
    await tell(ctx, 'Welcome! Two quizzes are on the house: /quiz. Then /me, /top, /buy, /promo CODE.');
  });

  bot.command('quiz', async (ctx) => {
    // Whoever asks once more because the answer takes long does so under the same key, and is not charged twice.
    ctx.session.asked ??= ctx.message.message_id;
    const id = ctx.session.asked;
    const key = `quiz-${ctx.from.id}-${id}`;
    const access = await outcomeOf(await ledger.consumeAccess(ctx.from.id, {}, { key }));
    if (!access) return tell(ctx, 'This takes longer than usual: send /quiz again in a minute.');
    delete ctx.session.asked;
    if (!access.granted) return tell(ctx, 'No quizzes left: /buy, or /promo CODE.');
    // An older message that comes again does not throw a newer quiz away.
    if (id > (ctx.session.quiz?.id ?? 0)) ctx.session.quiz = { id, question: 0, right: 0 };
    await showQuiz(ctx);
  });

  bot.on(callbackQuery('data'), async (ctx) => {
    const [id, question = -1, option = -1] = ctx.callbackQuery.data.split(':').map(Number);
    const { quiz } = ctx.session;
    if (!quiz || quiz.id !== id) return void (await ctx.answerCbQuery('That quiz is over.').catch(notTold));
    answer(quiz, question, option);
    if (isOver(quiz)) await reward(ledger, ctx.from.id, quiz);
    await showQuiz(ctx);
    await ctx.answerCbQuery().catch(notTold);
  });

  bot.command('me', async (ctx) => tell(ctx, await aboutMe(ledger, ctx.from.id)));

  bot.command('top', async (ctx) => tell(ctx, await topTen(ledger)));

  bot.command('promo', async (ctx) => {
    const key = `promo-${ctx.from.id}-${ctx.message.message_id}`;
    const outcome = await outcomeOf(await ledger.redeemPromocode(ctx.from.id, { code: ctx.payload }, { key }));
    await tell(ctx, promoText(outcome));
  });

  bot.command('buy', async (ctx) => {
    // Telegram wants no provider's token for Stars.
    await ctx.replyWithInvoice({ ...invoiceOf('credits_5'), provider_token: '' });
    if (providerToken) await ctx.replyWithInvoice({ ...invoiceOf('year'), provider_token: providerToken });
  });

  bot.catch(async (error, ctx) => {
    if (error instanceof QueueUnavailableError) {
      console.error(`update ${ctx.update.update_id}:`, error.message);
      // Telegraf would confirm the update on its way out. Ended at once, the bot gets it again when it is started again.
      process.exit(1);
    }
    if (error instanceof ValidationError) return tell(ctx, 'I do not understand that.');
    console.error(`update ${ctx.update.update_id}:`, error);
    await tell(ctx, 'Something went wrong here. Try again later.');
  });

  return bot;
}

/** Under a key of the quiz: two presses on the last answer, in two updates, reward it once. */
async function reward(ledger: BotLedger, telegramId: number, quiz: Quiz): Promise<void> {
  await ledger.unit({ key: `quiz-${telegramId}-${quiz.id}-done` }, (unit) => {
    unit.completeTraining(telegramId, { score: scoreOf(quiz) });
    if (isPerfect(quiz)) unit.awardBadge(telegramId, { badgeType: 'quiz_champion', metadata: { quiz: quiz.id } });
  });
}

async function showQuiz(ctx: QuizContext): Promise<void> {
  const { quiz } = ctx.session;
  if (!quiz) return;
  if (isOver(quiz)) return tell(ctx, `That was it: ${scoreOf(quiz)} points. /quiz again? /me, /top`);
  const { text, buttons } = show(quiz);
  await tell(ctx, text, { reply_markup: { inline_keyboard: buttons } });
}
