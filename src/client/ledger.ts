import type { Telemetry } from 'bullmq';
import { ValidationError } from '../errors.js';
import { freshKey } from '../fresh-key.js';
import { DEFAULT_SESSION_TTL_SECONDS, SESSION_TTL_BOUNDS } from '../hot/sessions.js';
import { type OperationName, type OutcomeOf, operationNames } from '../operations/registry.js';
import { type Signer, signerOf } from '../operations/signature.js';
import { botName, describe, digested, fitUnit, type Unit, type WireOperation } from '../operations/unit.js';
import { MOST_PARTITIONS } from '../queue.js';
import { checkRedisUrl } from '../redis.js';
import { ApiClient } from './api-client.js';
import { EventConsumer, type EventHandler, type EventName, type EventOptions } from './events.js';
import type { OperationMethods, SendOptions, UnitMethods } from './methods.js';
import { OutcomeReader } from './outcomes.js';
import { Reads } from './reads.js';
import { operationReceipt, type Receipt, unitReceipt } from './receipt.js';
import { type FindPlace, type ReadyUnit, Sender } from './sender.js';
import { SessionReads } from './sessions.js';
import { Spool } from './spool/spool.js';
import { SpoolingSender } from './spool/spooling-sender.js';
import { collectOperations, type MethodArguments, wireOperation } from './unit-builder.js';
import { Updates } from './updates.js';

/** Where a bot finds its ledger. What is left out is read from the environment. */
export interface BotLedgerOptions {
  /** The bot's name, e.g. `spin_bot`; by default `BOT_NAME`. */
  bot?: string;
  /** By default `REDIS_URL`: one Redis, one behind Sentinels, or a Redis Cluster; docs/scaling.md shows the forms. */
  redisUrl?: string;
  /** Into how many queues all bots and workers divide their users; by default `QUEUE_PARTITIONS`, or else 1. */
  queuePartitions?: number;
  /** Where `botledger api` listens, e.g. `http://127.0.0.1:3000`; by default `API_URL`. Only reads need it. */
  apiUrl?: string;
  /** The bot's token in `API_TOKENS`; by default `API_TOKEN`. */
  apiToken?: string;
  /** The bot's secret in `BOT_SECRETS` of the workers; by default `BOT_SECRET`. With it, every unit is signed. */
  secret?: string;
  /** Most JSON, in bytes, of one unit; by default 256 KiB. */
  maxUnitBytes?: number;
  /**
   * How long a session stays in Redis after its last commit, in seconds; by default `SESSION_TTL_SECONDS`, as the
   * workers, or else a day. What is not committed yet stays in any case.
   */
  sessionTtlSeconds?: number;
  /**
   * A directory for what Redis does not take, of this process alone: it is sent later, in order. Without it, those
   * calls fail. docs/spool.md says more.
   */
  spool?: string;
  /** Most bytes on disk there; by default 64 MiB. */
  spoolMaxBytes?: number;
  /** Told how many units wait in the spool, when that changes. */
  onSpool?: (units: number) => void;
  /** Traces what is enqueued, e.g. `new BullMQOtel()` of the package bullmq-otel; docs/tracing.md says more. */
  telemetry?: Telemetry;
}

/** Some 200,000 small units: a busy bot's hour. */
const DEFAULT_SPOOL_BYTES = 64 * 1024 * 1024;

/** The outcomes of a unit's operations, in their order. */
export type UnitReceipt = Receipt<OutcomeOf<OperationName>[]>;

abstract class OperationSender extends Reads {
  abstract enqueue(operation: WireOperation, options?: SendOptions): Promise<Receipt<unknown>>;
}

for (const name of operationNames) {
  Object.defineProperty(OperationSender.prototype, name, {
    async value(this: OperationSender, ...args: MethodArguments) {
      const { wire, rest } = wireOperation(name, args);
      return this.enqueue(wire, rest[0] as SendOptions | undefined);
    },
  });
}

// The methods are made from the registry, so a new operation needs no line here.
const WithOperations = OperationSender as unknown as abstract new (
  api: ApiClient,
  sessions: SessionReads,
) => OperationSender & OperationMethods;

/**
 * A bot's way into the ledger: writes are enqueued and applied exactly once; sessions are read from Redis, everything
 * else over HTTP.
 *
 * @example
 * const ledger = new BotLedger({ bot: 'spin_bot', redisUrl, apiUrl, apiToken });
 * const receipt = await ledger.addXp(telegramId, { xp: 150 }, { key: `upd-${update.update_id}` });
 * const { leveledUp } = await receipt.result();
 */
export class BotLedger extends WithOperations {
  /** The bot in whose name this ledger writes. */
  readonly bot: string;
  /** For adapters to bot frameworks: the units and sessions of Telegram's updates. */
  readonly updates: Updates;
  readonly #sender: Sender | SpoolingSender;
  readonly #spool: Spool | undefined;
  readonly #outcomes: OutcomeReader;
  readonly #events: EventConsumer;
  readonly #maxUnitBytes: number | undefined;
  readonly #sign: Signer | undefined;
  #lastAt = 0;

  /**
   * @throws ValidationError naming every option that is missing or wrong
   * @throws SpoolError when another process has the spool, or a file in it is damaged
   */
  constructor(options: BotLedgerOptions = {}) {
    const { bot, redisUrl, queuePartitions, apiUrl, apiToken, secret, sessionTtlSeconds } = readOptions(options);
    const api = new ApiClient({ bot, url: apiUrl, token: apiToken });
    const { spool: directory, spoolMaxBytes = DEFAULT_SPOOL_BYTES, onSpool } = options;
    const spool = directory === undefined ? undefined : new Spool(directory, spoolMaxBytes);
    const { telemetry } = options;
    const inOrder = spool !== undefined;
    const sender = new Sender(redisUrl, queuePartitions, { sessionTtlSeconds, inOrder, telemetry });
    const sessions = new SessionReads(bot, sender.redis, sender.sessions, api);
    super(api, sessions);
    this.bot = bot;
    this.#maxUnitBytes = options.maxUnitBytes;
    this.#sign = secret === undefined ? undefined : signerOf(secret);
    this.#spool = spool;
    this.#sender = spool ? new SpoolingSender(sender, spool, onSpool) : sender;
    this.#outcomes = new OutcomeReader(redisUrl, sender.queues, api);
    this.#events = new EventConsumer(bot, redisUrl);
    this.updates = new Updates({
      reads: this,
      readNoted: (telegramId) => sessions.getNoted(telegramId),
      send: (units) => this.#send(units),
      receiptOf: ({ queue, job, index }, key) =>
        unitReceipt(this.#outcomes, () => ({ job: { queueName: queue, id: job }, index }), key),
    });
  }

  /** How many units wait in the local spool for Redis; 0 without one. */
  get spooled(): number {
    return this.#spool?.units ?? 0;
  }

  /**
   * Enqueues one operation as it goes on the wire: `{ name: 'addXp', telegramId, xp: 5 }`. The typed methods,
   * `ledger.addXp(telegramId, { xp: 5 })`, are short for it.
   *
   * @returns a receipt, once Redis holds the job, or the local spool does
   * @throws ValidationError naming the field, before anything is sent
   * @throws QueueUnavailableError within a second when Redis is away and there is no spool, or it is full; retry with
   *   the same key
   */
  override async enqueue(operation: WireOperation, options: SendOptions = {}): Promise<Receipt<unknown>> {
    const unit = this.#unit([operation], options);
    const [place] = await this.#sender.send([unit]);
    return operationReceipt(this.#outcomes, place as FindPlace, unit.unit.key);
  }

  /**
   * Enqueues several operations under one key: they are applied in one transaction, all or none.
   *
   * @param build calls the operations on what it is given; it must not be async
   * @returns a receipt for the outcomes, in the order of the calls
   * @throws ValidationError, QueueUnavailableError as `enqueue`
   */
  async unit(options: SendOptions, build: (unit: UnitMethods) => void): Promise<UnitReceipt> {
    return (await this.enqueueMany([{ ...options, build }]))[0] as UnitReceipt;
  }

  /**
   * Enqueues many units in as few jobs as they fit into: for importers. Each unit still has its own key, its own
   * outcome, and fails alone.
   *
   * @param units a key, and what `unit()` takes, each; call it with a few thousand at a time
   * @param options.hotSessions whether their sessions are put into Redis, too, as those of users who are there now;
   *   without that they are read once they are committed
   * @returns their receipts in the same order, once Redis holds all of them
   * @throws ValidationError for the first unit that does not fit; then none is sent
   * @throws QueueUnavailableError as `enqueue`; some may have arrived, so retry all with the same keys
   */
  async enqueueMany(
    units: readonly (SendOptions & { build: (unit: UnitMethods) => void })[],
    { hotSessions = true }: { hotSessions?: boolean } = {},
  ): Promise<UnitReceipt[]> {
    return this.#send(
      units.map(({ build, ...options }) => ({ ...options, operations: collectOperations(build), cold: !hotSessions })),
    );
  }

  /**
   * Tells this bot of events from now on, also of those that happen while it is down. Each comes at least once, those of
   * one user one after the other and in order. When the handler throws, the event comes again, ever later, ten times;
   * later events of that user wait for it. Every process of a bot must have the same handlers.
   *
   * @param type e.g. `subscription.expired`, or `*` for all
   * @returns when Redis holds the wish; until then events may be missed
   * @throws ValidationError for a type that there is none of
   *
   * @example
   * await ledger.onEvent('subscription.expired', async ({ telegramId }) => {
   *   await bot.api.sendMessage(telegramId, 'Your subscription has ended.');
   * });
   */
  onEvent<N extends EventName>(type: N, handler: EventHandler<N>, options?: EventOptions): Promise<void> {
    return this.#events.on(type, handler, options);
  }

  /**
   * Takes back what this bot asked for with `onEvent`, in this process and for good. Closing does not do that.
   *
   * @param type by default all; with the last of them goes what waits to be handled
   */
  offEvent(type?: EventName): Promise<void> {
    return this.#events.off(type);
  }

  /**
   * Closes every connection, after the event handlers that run. What was enqueued stays enqueued, and what waits in the
   * spool is sent after the next start.
   */
  async close(): Promise<void> {
    await this.#events.close();
    this.#outcomes.close();
    await this.#sender.close();
  }

  async #send(units: readonly Draft[]) {
    const ready = units.map(({ operations, noteFor = [], cold = false, ...options }) => ({
      noteFor,
      cold,
      ...this.#unit(operations, options),
    }));
    const places = await this.#sender.send(ready);
    return ready.map(
      ({ unit }, index): UnitReceipt => unitReceipt(this.#outcomes, places[index] as FindPlace, unit.key),
    );
  }

  #unit(operations: WireOperation[], { key, at = this.#now() }: SendOptions): ReadyUnit {
    const unit: Unit = { bot: this.bot, key: key ?? freshKey(), at: Number(at), operations };
    const checked = fitUnit(unit, this.#maxUnitBytes);
    if (this.#sign) unit.sig = this.#sign(digested(checked));
    return { unit, checked, keyed: key !== undefined };
  }

  /** Never back, also when the clock is set back: later saves of one bot must not look older. */
  #now(): number {
    this.#lastAt = Math.max(this.#lastAt, Date.now());
    return this.#lastAt;
  }
}

/** What a unit is made of. */
type Draft = SendOptions & { operations: WireOperation[] } & Pick<ReadyUnit, 'noteFor' | 'cold'>;

/** The options with what the environment fills in; every problem at once. */
function readOptions(options: BotLedgerOptions) {
  const { env } = process;
  const { bot = env['BOT_NAME'], redisUrl = env['REDIS_URL'] } = options;
  const { apiUrl = env['API_URL'] || undefined, apiToken = env['API_TOKEN'] } = options;
  const { secret = env['BOT_SECRET']?.trim() || undefined } = options;
  const { queuePartitions = Number(env['QUEUE_PARTITIONS'] || 1) } = options;
  const { sessionTtlSeconds = Number(env['SESSION_TTL_SECONDS'] || DEFAULT_SESSION_TTL_SECONDS) } = options;

  const problems: string[] = [];
  const name = botName.safeParse(bot);
  if (!bot) problems.push('bot: missing, give it or set BOT_NAME');
  else if (!name.success) problems.push(...describe('bot', name.error));
  if (!redisUrl) problems.push('redisUrl: missing, give it or set REDIS_URL');
  else problems.push(...problemOf('redisUrl', () => checkRedisUrl(redisUrl)));
  if (!Number.isInteger(queuePartitions) || queuePartitions < 1 || queuePartitions > MOST_PARTITIONS)
    problems.push(
      `queuePartitions: must be a whole number from 1 to ${MOST_PARTITIONS}, as QUEUE_PARTITIONS of the workers`,
    );
  const [least, most] = SESSION_TTL_BOUNDS;
  if (!Number.isInteger(sessionTtlSeconds) || sessionTtlSeconds < least || sessionTtlSeconds > most)
    problems.push(`sessionTtlSeconds: must be a whole number from ${least} to ${most}`);
  if (secret === '') problems.push('secret: must not be empty; leave it out for none');
  if (options.spool === '') problems.push('spool: must be the name of a directory; leave it out for none');
  const { spoolMaxBytes = DEFAULT_SPOOL_BYTES } = options;
  if (!Number.isInteger(spoolMaxBytes) || spoolMaxBytes < 1)
    problems.push('spoolMaxBytes: must be a whole number of bytes');
  if (apiUrl && !isUrl(apiUrl, /^https?:$/)) problems.push('apiUrl: expected http://host:3000 or https://host');
  if (problems.length > 0) throw new ValidationError(problems);
  return {
    bot: bot as string,
    redisUrl: redisUrl as string,
    queuePartitions,
    apiUrl,
    apiToken,
    secret,
    sessionTtlSeconds,
  };
}

const isUrl = (text: string, protocol: RegExp) => URL.canParse(text) && protocol.test(new URL(text).protocol);

function problemOf(option: string, check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [`${option}: ${(error as Error).message}`];
  }
}
