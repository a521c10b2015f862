import { Queue } from 'bullmq';
import { query } from '../bench/sql.js';
import { EVENTS_QUEUE } from '../src/event-queue.js';
import type { JobData, WireOperation } from '../src/operations/unit.js';
import { UNITS_QUEUE } from '../src/queue.js';
import { openWorkerRedis, type RedisClient } from '../src/redis.js';
import { type Intent, readJournal } from './journal.js';
import { bots } from './work.js';

/** What the bots meant, and what they were told. Units are named `<bot> <key>`. */
export interface Journals {
  intents: Map<string, Intent>;
  acknowledged: Set<string>;
  /** How many units were sent once more under their key. */
  repeated: number;
  /** Units under whose key other content was to be sent, and those where Redis took it. */
  forgeries: Set<string>;
  forged: Set<string>;
  outcomes: { id: string; outcomes: unknown[] }[];
  told: { bot: string; id: number; telegramId: number }[];
}

export interface LedgerFact {
  bot: string;
  key: string;
  outcomes: unknown[];
}

/** A job in the failed set, with what it carries. */
export interface FailedJob {
  queue: string;
  job: string;
  reason: string;
  units: string[];
}

/** What the database and Redis hold in the end. Times are milliseconds. */
export interface State {
  ledger: LedgerFact[];
  users: { telegramId: number; totalXp: number; level: number; totalTrainings: number; totalScore: number }[];
  badges: { telegramId: number; badgeType: string; bot: string; earnedAt: number }[];
  sessions: { telegramId: number; bot: string; session: object; stats: object; sessionAt: number }[];
  subscriptions: {
    id: number;
    telegramId: number;
    type: string;
    startDate: number;
    endDate: number | null;
    isActive: boolean;
    creditsLeft: number | null;
  }[];
  payments: { paymentId: string; telegramId: number; status: string; tariff: string }[];
  promocodes: { code: string; type: string; value: number; currentUses: number; maxUses: number }[];
  promocodeUses: { code: string; telegramId: number }[];
  freeTrainings: { telegramId: number; left: number }[];
  outbox: { id: number; telegramId: number; bot: string; type: string; delivered: boolean }[];
  tombstones: number[];
  /** The hash of each user's hot sessions. */
  hot: { telegramId: number; fields: Record<string, string> }[];
  failed: FailedJob[];
  /** Jobs that are neither completed nor failed, by queue and state. */
  unfinished: { queue: string; state: string; jobs: number }[];
  /** Transactions that are open although nobody works, and locks that somebody waits for. */
  locks: string[];
}

export type Facts = Journals & State;

/** Everything that is to be known of a run whose processes have nothing left to do. */
export async function readFacts(journals: Journals, databaseUrl: string, redisUrl: string): Promise<Facts> {
  const [stored, held] = await Promise.all([readDatabase(databaseUrl), readRedis(redisUrl)]);
  return { ...journals, ...stored, ...held };
}

/** Of bots that did nothing yet. */
export const noJournals = (): Journals => ({
  intents: new Map(),
  acknowledged: new Set(),
  repeated: 0,
  forgeries: new Set(),
  forged: new Set(),
  outcomes: [],
  told: [],
});

/** @param pathOf where the journal of a bot is */
export function readJournals(pathOf: (bot: string) => string): Journals {
  const journals = noJournals();
  for (const bot of bots) {
    for (const entry of readJournal(pathOf(bot))) {
      const id = 'key' in entry ? `${bot} ${entry.key}` : '';
      if (entry.what === 'intent') journals.intents.set(id, entry);
      else if (entry.what === 'acknowledged') journals.acknowledged.add(id);
      else if (entry.what === 'repeated') journals.repeated++;
      else if (entry.what === 'forgery') journals.forgeries.add(id);
      else if (entry.what === 'forged') journals.forged.add(id);
      else if (entry.what === 'outcomes') journals.outcomes.push({ id, outcomes: entry.outcomes });
      else journals.told.push({ bot, id: entry.id, telegramId: entry.telegramId });
    }
  }
  return journals;
}

const ms = (column: string) => `(EXTRACT(EPOCH FROM ${column}) * 1000)::float8`;

const selects = {
  ledger: 'SELECT bot_name AS bot, key, outcomes FROM idempotency_keys',
  users: `SELECT telegram_id::float8 AS "telegramId", total_xp::float8 AS "totalXp", level,
      total_trainings::float8 AS "totalTrainings", total_score::float8 AS "totalScore" FROM users`,
  badges: `SELECT telegram_id::float8 AS "telegramId", badge_type AS "badgeType", earned_in_bot AS bot,
      ${ms('earned_at')} AS "earnedAt" FROM user_badges JOIN users ON users.id = user_id`,
  sessions: `SELECT telegram_id::float8 AS "telegramId", bot_name AS bot, session_data AS session, stats_data AS stats,
      ${ms('session_at')} AS "sessionAt" FROM bot_sessions JOIN users ON users.id = user_id`,
  subscriptions: `SELECT s.id, telegram_id::float8 AS "telegramId", subscription_type AS type,
      ${ms('start_date')} AS "startDate", ${ms('end_date')} AS "endDate", is_active AS "isActive",
      credits_left AS "creditsLeft" FROM subscriptions s JOIN users ON users.id = user_id ORDER BY s.id`,
  payments: `SELECT payment_id AS "paymentId", telegram_id::float8 AS "telegramId", status, tariff
      FROM payments JOIN users ON users.id = user_id`,
  promocodes: 'SELECT code, type, value, current_uses AS "currentUses", max_uses AS "maxUses" FROM promocodes',
  promocodeUses: `SELECT code, telegram_id::float8 AS "telegramId" FROM promocode_usage
      JOIN promocodes ON promocodes.id = promocode_id JOIN users ON users.id = user_id`,
  freeTrainings: `SELECT telegram_id::float8 AS "telegramId", trainings_left AS left
      FROM free_trainings JOIN users ON users.id = user_id`,
  outbox: `SELECT outbox.id::float8 AS id, telegram_id::float8 AS "telegramId", bot_name AS bot, type,
      delivered_at IS NOT NULL AS delivered FROM outbox JOIN users ON users.id = user_id ORDER BY outbox.id`,
} as const;

type Stored = Omit<State, 'hot' | 'failed' | 'unfinished'>;

async function readDatabase(url: string): Promise<Stored> {
  const read = async ([name, text]: [string, string]) => [name, await query(url, text)] as const;
  const tables = await Promise.all(Object.entries(selects).map(read));
  const tombstones = await query(url, 'SELECT telegram_id::float8 AS id FROM deleted_users');
  return {
    ...Object.fromEntries(tables),
    tombstones: tombstones.map(({ id }) => id as number),
    locks: await readLocks(url),
  } as Stored;
}

async function readLocks(url: string): Promise<string[]> {
  const open = await query(
    url,
    `SELECT pid, state, query FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - interval '2 s'`,
  );
  const waiting = await query(url, 'SELECT pid, locktype, mode FROM pg_locks WHERE NOT granted');
  return [
    ...open.map(({ pid, state, query: last }) => `connection ${pid} has a transaction open (${state}): ${last}`),
    ...waiting.map(({ pid, locktype, mode }) => `connection ${pid} waits for a lock: ${mode} of ${locktype}`),
  ];
}

/** The queues that have to be empty in the end. */
export const queueNames = [UNITS_QUEUE, ...bots.map((bot) => `${EVENTS_QUEUE}~${bot}`)];

/** What a job waits for, or is in the middle of. */
export const unfinishedStates = ['wait', 'active', 'delayed', 'prioritized', 'waiting-children'] as const;

async function readRedis(url: string): Promise<Pick<State, 'hot' | 'failed' | 'unfinished'>> {
  const redis = openWorkerRedis(url);
  try {
    const queues = queueNames.map((name) => new Queue(name, { connection: redis }));
    const unfinished = await Promise.all(queues.map(readUnfinished));
    const failed = await Promise.all(queues.map(readFailed));
    return { unfinished: unfinished.flat(), failed: failed.flat(), hot: await readHot(redis) };
  } finally {
    redis.disconnect();
  }
}

async function readUnfinished(queue: Queue): Promise<State['unfinished']> {
  const counts = await queue.getJobCounts(...unfinishedStates);
  const jobs = Object.entries(counts).map(([state, count]) => ({ queue: queue.name, state, jobs: count }));
  return jobs.filter((each) => each.jobs > 0);
}

async function readFailed(queue: Queue): Promise<FailedJob[]> {
  const jobs = await queue.getFailed();
  return jobs.map(({ id, data, failedReason }) => ({
    queue: queue.name,
    job: id ?? '',
    reason: failedReason,
    units: ((data as Partial<JobData>).units ?? []).map(({ bot, key }) => `${bot} ${key}`),
  }));
}

const HOT = 'botledger:sessions:';

async function readHot(redis: RedisClient): Promise<State['hot']> {
  const keys = (await redis.call('KEYS', `${HOT}*`)) as string[];
  const read = async (key: string) => ({
    telegramId: Number(key.slice(HOT.length)),
    fields: await redis.hgetall(key),
  });
  return Promise.all(keys.map(read));
}

/** An operation that took effect, with what it answered. */
export interface Applied {
  id: string;
  bot: string;
  at: number;
  operation: WireOperation;
  // biome-ignore lint/suspicious/noExplicitAny: each operation answers something of its own
  outcome: any;
}

/** The operations of all units in the ledger that were not dropped with their user. */
export function appliedOf({ ledger, intents }: Pick<Facts, 'ledger' | 'intents'>): Applied[] {
  return ledger.flatMap(({ bot, key, outcomes }) => {
    const id = `${bot} ${key}`;
    const { at = 0, operations = [] } = intents.get(id) ?? {};
    const applied = operations.map((operation, index) => ({
      id,
      bot,
      at,
      operation,
      outcome: outcomes[index] as never,
    }));
    return applied.filter(({ outcome }) => !(outcome as { userDeleted?: true }).userDeleted);
  });
}
