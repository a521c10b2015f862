import { deepStrictEqual } from 'node:assert/strict';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { HotSessions } from '../src/hot/sessions.js';
import { BotLedger } from '../src/index.js';
import { unitJobOptions } from '../src/queue.js';
import { serve, settings } from './serve.js';
import { BOT, USERS, userOf } from './workload.js';

// A bot in a process of its own, and beside it what its sessions would cost with bare commands of Redis.

/** What the bot is told. */
export interface HotSettings {
  redisUrl: string;
}

/** What is compared. */
export type HotStep = 'saveSession' | 'queueAdd' | 'getSession' | 'getUserSession' | 'bareGet';

/** Milliseconds of each call, and how often each asked Redis for something. */
export type HotTimes = Record<HotStep, { ms: number[]; commands: number }>;

const { redisUrl } = settings<HotSettings>();
const ledger = new BotLedger({ bot: BOT, redisUrl });
const redis = new Redis(redisUrl);
const queue = new Queue('bench-bare', { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }) });

let commands = 0;
const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function (...args) {
  commands++;
  return sendCommand.apply(this, args);
};

const FILLING = 'The client says that the price is too high. '.repeat(46);
const session = (number: number) => ({ unit: number, step: 'questions', case: FILLING });

serve({
  /** Puts all users beside their sessions, as a commit does when somebody asked for them. */
  async showUsers(): Promise<void> {
    const hot = new HotSessions(redis);
    const now = new Date().toISOString();
    const profile = { username: 'a_name', firstName: 'Ann', lastName: null, registrationDate: now, lastActivity: now };
    for (let telegramId = 1; telegramId <= USERS; telegramId++) {
      const counters = { totalXp: 1_500, level: 7, totalTrainings: 12, totalScore: 950 };
      const lease = await hot.leaseUser(telegramId);
      await hot.showUser(telegramId, lease, { telegramId, ...profile, ...counters });
    }
  },

  /** Saves and reads sessions of 2 KB in turns with the bare commands. */
  async measure({ from, to }: { from: number; to: number }): Promise<HotTimes> {
    const times: HotTimes = {
      saveSession: none(),
      queueAdd: none(),
      getSession: none(),
      getUserSession: none(),
      bareGet: none(),
    };
    for (let number = from; number < to; number++) {
      const user = userOf(number);
      const value = session(number);
      await time(times.saveSession, () => ledger.saveSession(user, { session: value, stats: { saved: number } }));
      const data = { v: 1, units: [{ bot: BOT, key: `${number}`, at: Date.now(), operations: [value] }] };
      await time(times.queueAdd, () => queue.add('saveSession', data, unitJobOptions));
      await redis.set(`bare:${user}`, JSON.stringify(value));
      const read = await time(times.getSession, () => ledger.getSession(user));
      const both = await time(times.getUserSession, () => ledger.getUserSession(user));
      const bare = await time(times.bareGet, async () => JSON.parse((await redis.get(`bare:${user}`)) ?? ''));
      deepStrictEqual([read.session, both.session, both.userIsCurrent, bare], [value, value, true, value]);
    }
    return times;
  },
});

const none = () => ({ ms: [], commands: 0 });

async function time<T>(into: { ms: number[]; commands: number }, call: () => Promise<T>): Promise<T> {
  const before = commands;
  const start = performance.now();
  const result = await call();
  into.ms.push(performance.now() - start);
  into.commands += commands - before;
  return result;
}
