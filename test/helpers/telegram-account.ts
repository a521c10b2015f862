import { once } from 'node:events';
import type { InlineKeyboardButton, Message, Update, User } from 'grammy/types';
import { until } from './until.js';

/** What Telegram answers when it does not do what it was asked. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** How updates reach the bot: once; again after they were confirmed; or twice in one answer. */
export type Delivery = 'once' | 'again' | 'at once';

/** What somebody may pay for. */
interface Invoice {
  title: string;
  payload: string;
  currency: string;
  total: number;
  /** How long a subscription lasts until it is paid again, in seconds. */
  period?: number | undefined;
}

interface Payment extends Invoice {
  user: User;
  chargeId: string;
  /** Unix time. */
  date: number;
}

type Parameters = Record<string, unknown>;

type NewUpdate = Omit<Update, 'update_id'>;

/** One period of a subscription in Stars. https://core.telegram.org/bots/api#createinvoicelink */
const STARS_PERIOD_S = 2_592_000;

const LONGEST_TEXT = 4_096;
const LONGEST_CALLBACK_BYTES = 64;

/** Somebody who writes to bots. */
export const person = (id: number, first_name: string, username?: string): User => ({
  id,
  first_name,
  is_bot: false,
  ...(username ? { username } : {}),
});

/** A bot as Telegram has it: its updates, and the messages that it sent. What people do is done here as well. */
export class BotAccount {
  readonly token: string;
  readonly me: User;
  delivery: Delivery = 'once';
  /** What the bot answered to presses and checkouts, by their ids. */
  readonly answers = new Map<string, Parameters>();
  readonly #messages: Message[] = [];
  readonly #invoices: Invoice[] = [];
  readonly #payments = new Map<string, Payment>();
  readonly #updates: Update[] = [];
  readonly #confirmed = new Set<number>();
  readonly #again = new Set<number>();
  readonly #lost = new Map<string, number>();
  readonly #held = new Map<string, { calls: number; until: AbortSignal }>();
  readonly #news = new EventTarget();
  #polling = 0;
  #lastId = 0;

  constructor(id: number, username: string) {
    this.token = `${id}:TEST-${username}`;
    this.me = {
      id,
      is_bot: true,
      first_name: username,
      username,
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
      can_connect_to_business: false,
      has_main_web_app: false,
    } as User;
  }

  /** Somebody writes to the bot. */
  message(user: User, text: string): void {
    const command = /^\/\w+/.exec(text)?.[0];
    const entities = command ? [{ type: 'bot_command' as const, offset: 0, length: command.length }] : undefined;
    this.#push({ message: this.#messageFrom(user, { text, ...(entities ? { entities } : {}) }) });
  }

  /** Somebody presses the button with this label, on the last message that has one. */
  press(user: User, label: string): void {
    for (const message of this.sent(user.id).toReversed()) {
      const button = buttonsOf(message).find(({ text }) => text === label);
      if (!button) continue;
      if (!('callback_data' in button)) throw new Error(`"${label}" is not a button that tells the bot`);
      const query = { id: this.#id('query'), from: user, chat_instance: `${user.id}`, data: button.callback_data };
      this.#push({ callback_query: { ...query, message } });
      return;
    }
    throw new Error(`no button "${label}" in:\n${this.said(user).join('\n')}`);
  }

  /**
   * Somebody pays the last invoice with this title: the bot is asked, and told.
   *
   * @param late for how many seconds the bot is not told
   * @returns `telegram_payment_charge_id`
   * @throws Error with what the bot says when it does not let them pay
   */
  async pay(user: User, title: string, { late = 0 } = {}): Promise<string> {
    const invoice = this.#invoices.findLast((each) => each.title === title);
    if (!invoice) throw new Error(`no invoice "${title}"`);
    const { currency, total: total_amount, payload: invoice_payload } = invoice;
    const answer = await this.checkOut(user, { currency, total_amount, invoice_payload });
    if (answer['ok'] !== true) throw new Error(`${answer['error_message']}`);
    const payment = { ...invoice, user, chargeId: this.#newCharge(), date: now() - late };
    this.#payments.set(payment.chargeId, payment);
    this.notify(payment.chargeId);
    return payment.chargeId;
  }

  /** Somebody is about to pay. @returns what the bot says to that */
  async checkOut(
    from: User,
    order: { currency: string; total_amount: number; invoice_payload: string },
  ): Promise<Parameters> {
    const id = this.#id('checkout');
    this.#push({ pre_checkout_query: { id, from, ...order } });
    return until(() => this.answers.get(id), { what: 'the bot answers the checkout' });
  }

  /** The bot is told of a payment, for the first time or in an update of its own once more. */
  notify(chargeId: string): void {
    const { user, date, period, ...payment } = this.#payment(chargeId);
    const recurring = { subscription_expiration_date: date + (period ?? 0), is_recurring: true as const };
    this.#push({
      message: this.#messageFrom(user, {
        date,
        successful_payment: { ...chargeOf(payment), ...(period ? recurring : {}) },
      }),
    });
  }

  /** A subscription is paid again, at the end of its period. @returns the charge's id */
  renew(chargeId: string): string {
    const payment = this.#payment(chargeId);
    const next = { ...payment, chargeId: this.#newCharge(), date: payment.date + (payment.period ?? 0) };
    this.#payments.set(next.chargeId, next);
    this.notify(next.chargeId);
    return next.chargeId;
  }

  /** Somebody gets their money back, and the bot is told. */
  refund(chargeId: string): void {
    const { user, ...payment } = this.#payment(chargeId);
    this.#push({ message: this.#messageFrom(user, { refunded_payment: chargeOf(payment) }) });
  }

  /** When the period ends that a charge paid for. */
  paidUntil(chargeId: string): Date {
    const { date, period = 0 } = this.#payment(chargeId);
    return new Date(1_000 * (date + period));
  }

  /** The messages of the bot in a chat, as they are now. */
  sent(chat: number): Message[] {
    return this.#messages.filter((message) => message.chat.id === chat);
  }

  /** What they say. */
  said({ id }: User): string[] {
    return this.sent(id).map(({ text, invoice }) => text ?? `[invoice: ${invoice?.title}]`);
  }

  /** Waits until the bot has said something that contains the text. */
  async says(user: User, text: string): Promise<void> {
    const said = () => this.said(user).some((message) => message.includes(text));
    await until(said, { timeoutMs: 20_000, what: `the bot says "${text}"` }).catch((error: Error) => {
      throw new Error(`${error.message}; it said:\n${this.said(user).join('\n')}`);
    });
  }

  /** Waits until every update is handled, and so many processes of the bot ask for more. */
  async handled(processes = 1): Promise<void> {
    const handled = () => this.#pending().length === 0 && this.#polling >= processes;
    await until(handled, { timeoutMs: 20_000, what: 'all updates are handled' });
  }

  /** Every update is delivered once more, as if the bot had never confirmed it. */
  forgetOffset(): void {
    this.#confirmed.clear();
    this.#again.clear();
    this.#news.dispatchEvent(new Event('update'));
  }

  /** So many calls of a method are done, but their answers get lost. */
  loseAnswers(method: string, calls = 1): void {
    this.#lost.set(method, calls);
  }

  loses(method: string): boolean {
    const left = this.#lost.get(method) ?? 0;
    this.#lost.set(method, Math.max(0, left - 1));
    return left > 0;
  }

  /** Calls of a method are neither done nor answered until `release()`; a caller who went away is forgotten. */
  hold(method: string): { called(): Promise<void>; release(): void } {
    const release = new AbortController();
    const held = { calls: 0, until: release.signal };
    this.#held.set(method, held);
    return {
      called: async () =>
        void (await until(() => held.calls > 0, { timeoutMs: 20_000, what: `the bot calls ${method}` })),
      release: () => {
        this.#held.delete(method);
        release.abort();
      },
    };
  }

  /** A call by a client; `gone` when it hangs up. */
  async call(method: string, parameters: Parameters, gone: AbortSignal): Promise<unknown> {
    const held = this.#held.get(method);
    if (held) {
      held.calls++;
      await once(AbortSignal.any([held.until, gone]), 'abort');
      gone.throwIfAborted();
    }
    switch (method) {
      case 'getMe':
        return this.me;
      case 'getUpdates':
        return this.#getUpdates(parameters, gone);
      case 'sendMessage':
        return this.#sendMessage(parameters);
      case 'editMessageText':
        return this.#editMessageText(parameters);
      case 'sendInvoice':
        return this.#send(parameters, { invoice: invoiceView(this.#addInvoice(parameters)) });
      case 'createInvoiceLink':
        this.#addInvoice(parameters);
        return `https://t.me/$${this.#id('invoice')}`;
      case 'answerCallbackQuery':
        return this.#answer(parameters['callback_query_id'], parameters);
      case 'answerPreCheckoutQuery':
        return this.#answer(parameters['pre_checkout_query_id'], parameters);
      case 'deleteWebhook':
      case 'setMyCommands':
        return true;
      default:
        throw new Refusal(404, `Not Found: method ${method} is not known here`);
    }
  }

  async #getUpdates({ offset, limit, timeout }: Parameters, gone: AbortSignal): Promise<Update[]> {
    for (const { update_id } of this.#updates) if (update_id < Number(offset ?? 0)) this.#confirm(update_id);
    this.#polling++;
    try {
      const waiting = AbortSignal.any([gone, AbortSignal.timeout(1_000 * Number(timeout ?? 0))]);
      while (this.#pending().length === 0 && !waiting.aborted) {
        await once(this.#news, 'update', { signal: waiting }).catch(() => undefined);
      }
      gone.throwIfAborted();
    } finally {
      this.#polling--;
    }
    const batch = this.#pending().slice(0, Number(limit ?? 100));
    return this.delivery === 'at once' ? batch.flatMap((update) => [update, update]) : batch;
  }

  #pending(): Update[] {
    return this.#updates.filter(({ update_id }) => !this.#confirmed.has(update_id));
  }

  #confirm(id: number): void {
    if (this.delivery === 'again' && !this.#again.has(id)) this.#again.add(id);
    else this.#confirmed.add(id);
  }

  #sendMessage(parameters: Parameters): Message {
    return this.#send(parameters, { text: checkText(parameters['text']) });
  }

  #editMessageText({ chat_id, message_id, text, reply_markup }: Parameters): Message {
    const message = this.sent(Number(chat_id)).find((each) => each.message_id === message_id);
    if (!message) throw new Refusal(400, 'Bad Request: message to edit not found');
    const edited = { text: checkText(text), reply_markup: checkMarkup(reply_markup) };
    if (message.text === edited.text && JSON.stringify(message.reply_markup) === JSON.stringify(edited.reply_markup)) {
      throw new Refusal(400, 'Bad Request: message is not modified');
    }
    return Object.assign(message, edited);
  }

  #send({ chat_id, reply_markup }: Parameters, content: Partial<Message>): Message {
    const markup = checkMarkup(reply_markup);
    const message = {
      message_id: this.#messages.length + 1,
      from: this.me,
      chat: { id: Number(chat_id), type: 'private' },
      date: now(),
      ...content,
      ...(markup ? { reply_markup: markup } : {}),
    } as Message;
    this.#messages.push(message);
    return message;
  }

  #addInvoice(parameters: Parameters): Invoice {
    const { title, payload, currency, prices, provider_token, subscription_period } = parameters as {
      title: string;
      payload: string;
      currency: string;
      prices: { amount: number }[];
      provider_token?: string;
      subscription_period?: number;
    };
    const inStars = currency === 'XTR';
    if (inStars && (prices.length !== 1 || provider_token))
      throw new Refusal(400, 'Bad Request: STARS_INVOICE_INVALID');
    if (!inStars && !provider_token) throw new Refusal(400, 'Bad Request: PAYMENT_PROVIDER_INVALID');
    if (subscription_period !== undefined && !(inStars && subscription_period === STARS_PERIOD_S)) {
      throw new Refusal(400, 'Bad Request: SUBSCRIPTION_PERIOD_INVALID');
    }
    const total = prices.reduce((sum, { amount }) => sum + amount, 0);
    if (!Number.isInteger(total) || total <= 0) throw new Refusal(400, 'Bad Request: CURRENCY_TOTAL_AMOUNT_INVALID');
    const invoice = { title, payload, currency, total, period: subscription_period };
    this.#invoices.push(invoice);
    return invoice;
  }

  #answer(id: unknown, parameters: Parameters): true {
    this.answers.set(String(id), parameters);
    return true;
  }

  #messageFrom(user: User, content: Partial<Message>): NonNullable<Update['message']> {
    const chat = { id: user.id, type: 'private' as const, first_name: user.first_name };
    const message_id = 1_000_000 + this.#updates.length;
    return { message_id, from: user, chat, date: now(), ...content } as NonNullable<Update['message']>;
  }

  #push(update: NewUpdate): void {
    this.#updates.push({ update_id: 100 + this.#updates.length, ...update } as Update);
    this.#news.dispatchEvent(new Event('update'));
  }

  #payment(chargeId: string): Payment {
    const payment = this.#payments.get(chargeId);
    if (!payment) throw new Error(`no payment ${chargeId}`);
    return payment;
  }

  #newCharge(): string {
    return `${this.me.id}-charge-${this.#payments.size + 1}`;
  }

  #id(what: string): string {
    return `${this.me.id}-${what}-${++this.#lastId}`;
  }
}

const now = () => Math.floor(Date.now() / 1_000);

const invoiceView = ({ title, currency, total }: Invoice) => ({
  title,
  description: title,
  start_parameter: '',
  currency,
  total_amount: total,
});

const chargeOf = ({ currency, total, payload, chargeId }: Omit<Payment, 'user' | 'date'>) => ({
  currency,
  total_amount: total,
  invoice_payload: payload,
  telegram_payment_charge_id: chargeId,
  provider_payment_charge_id: `provider-${chargeId}`,
});

const buttonsOf = ({ reply_markup }: Message): InlineKeyboardButton[] => reply_markup?.inline_keyboard.flat() ?? [];

function checkText(text: unknown): string {
  if (typeof text !== 'string' || text === '') throw new Refusal(400, 'Bad Request: message text is empty');
  if (text.length > LONGEST_TEXT) throw new Refusal(400, 'Bad Request: message is too long');
  return text;
}

function checkMarkup(markup: unknown): Message['reply_markup'] {
  const parsed = typeof markup === 'string' ? JSON.parse(markup) : markup;
  for (const button of buttonsOf({ reply_markup: parsed } as Message)) {
    const data = 'callback_data' in button ? button.callback_data : '';
    if (Buffer.byteLength(data) > LONGEST_CALLBACK_BYTES) throw new Refusal(400, 'Bad Request: BUTTON_DATA_INVALID');
  }
  return parsed;
}
