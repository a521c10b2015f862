import { type BotLedger, QueueUnavailableError, ValidationError } from 'botledger';
import { bySender, type LedgerFlavor, storage, withLedger } from 'botledger/grammy';
import { Bot, type BotConfig, type Context, InlineKeyboard, type SessionFlavor, session } from 'grammy';
import { outcomeOf } from '../shared/outcome.js';
import { goods, invoiceOf, paymentOf, problemOf } from '../shared/shop.js';
import { tell } from '../shared/tell.js';
import { aboutMe, promoText, topTen } from '../shared/texts.js';
import { MASTERY, pointsFor, tasks } from './training.js';

/** Kept in the ledger for each user: plain JSON. */
interface Session {
  /** The last message that was taken in. Telegram may deliver one again; then it only gets its answer again. */
  lastMessage: number;
  /** The message that asks to be let in, while that has no answer. */
  asked?: number;
  /** The training under way, or the last one. */
  training?: { task: number; score: number };
}

type TrainingContext = Context & LedgerFlavor & SessionFlavor<Session>;

/**
 * A bot that trains people in asking questions.
 *
 * Each handler first notes what its update changes, and then answers from the state. So an update that comes again,
 * because the bot was killed or Telegram did not hear from it, changes nothing and is answered all the same.
 */
export function createTrainingBot(token: string, ledger: BotLedger, config?: BotConfig<TrainingContext>) {
  const bot = new Bot<TrainingContext>(token, config);

  // What a handler calls on `ctx.ledger` goes out as one unit with the session, under the key `upd-<update_id>`.
  bot.use(withLedger(ledger));
  bot.use(session({ initial: newSession, storage: storage<Session>(ledger), getSessionKey: bySender }));

  bot.on('pre_checkout_query', async (ctx) => {
    const problem = problemOf(ctx.preCheckoutQuery);
    await (problem ? ctx.answerPreCheckoutQuery(false, problem) : ctx.answerPreCheckoutQuery(true));
  });

  // Renewals come here as well, each with a charge of its own.
  bot.on('message:successful_payment', async (ctx) => {
    ctx.ledger.recordPayment(paymentOf(ctx.msg.successful_payment, 'COMPLETED'));
    await tell(ctx, 'Thank you! /me shows what you have.');
  });

  bot.on('message:refunded_payment', async (ctx) => {
    ctx.ledger.recordPayment(paymentOf(ctx.msg.refunded_payment, 'REFUNDED'));
    await tell(ctx, 'Your money is on its way back.');
  });

  // Sessions are those of users: in a group many would share a training.
  const chat = bot.chatType('private');

  chat.command('start', async (ctx) => {
    if (isNew(ctx)) {
      ctx.ledger.touchUser({ username: ctx.from.username ?? null, firstName: ctx.from.first_name });
      // Once per user, whichever bot they come to first.
      ctx.ledger.addFreeTrainings({ count: 2, source: 'CHANNEL', once: true });
    }
    await tell(ctx, 'Welcome! Two trainings are on the house: /train. Then /me, /top, /buy, /promo CODE.');
  });

  chat.command('train', async (ctx) => {
    if (isNew(ctx) && !isUnderWay(ctx.session)) {
      // Whoever asks once more because the answer takes long does so under the same key, and is not charged twice.
      ctx.session.asked ??= ctx.msgId;
      const key = `train-${ctx.from.id}-${ctx.session.asked}`;
      const access = await outcomeOf(await ledger.consumeAccess(ctx.from.id, {}, { key }));
      if (!access) return tell(ctx, 'This takes longer than usual: send /train again in a minute.');
      delete ctx.session.asked;
      if (!access.granted) return tell(ctx, 'No trainings left: /buy, or /promo CODE.');
      ctx.session.training = { task: 0, score: 0 };
    }
    await tell(ctx, progressOf(ctx.session));
  });

  chat.command('me', async (ctx) => tell(ctx, await aboutMe(ledger, ctx.from.id)));

  chat.command('top', async (ctx) => tell(ctx, await topTen(ledger)));

  chat.command('promo', async (ctx) => {
    const key = `promo-${ctx.from.id}-${ctx.msgId}`;
    const outcome = await outcomeOf(await ledger.redeemPromocode(ctx.from.id, { code: ctx.match }, { key }));
    await tell(ctx, promoText(outcome));
  });

  chat.command('buy', async (ctx) => {
    await ctx.api.raw.sendInvoice({ chat_id: ctx.chatId, ...invoiceOf('credits_5') });
    // A subscription in Stars is sold by a link only.
    const url = await ctx.api.raw.createInvoiceLink({ ...invoiceOf('month'), subscription_period: goods.month.period });
    const { title, description } = goods.month;
    await tell(ctx, description, { reply_markup: new InlineKeyboard().url(title, url) });
  });

  chat.on('message:text', async (ctx) => {
    const { training } = ctx.session;
    if (isNew(ctx) && training && isUnderWay(ctx.session)) {
      training.score += pointsFor(ctx.msg.text);
      training.task++;
      if (training.task === tasks.length) reward(ctx, training.score);
    }
    await tell(ctx, progressOf(ctx.session));
  });

  bot.catch(async ({ error, ctx }) => {
    // Redis is away: the bot stops without confirming the update, and gets it again when it is started again.
    if (error instanceof QueueUnavailableError) throw error;
    if (error instanceof ValidationError) return tell(ctx, 'I do not understand that.');
    console.error(`update ${ctx.update.update_id}:`, error);
    await tell(ctx, 'Something went wrong here. Try again later.');
  });

  return bot;
}

const newSession = (): Session => ({ lastMessage: 0 });

/** Whether the message was not taken in before; now it is. Its id grows within a chat. */
function isNew({ msgId = 0, session }: TrainingContext): boolean {
  const { lastMessage } = session;
  session.lastMessage = Math.max(lastMessage, msgId);
  return msgId > lastMessage;
}

const isUnderWay = ({ training }: Session) => training !== undefined && training.task < tasks.length;

/** Several facts in the unit of the update: they are applied together with its session, or not at all. */
function reward({ ledger }: TrainingContext, score: number): void {
  ledger.completeTraining({ score });
  if (score >= MASTERY) ledger.awardBadge({ badgeType: 'question_master', metadata: { score } });
}

function progressOf({ training }: Session): string {
  if (!training) return '/train begins a training.';
  return tasks[training.task] ?? `That was it: ${training.score} points. /train again? /me shows what you have.`;
}
