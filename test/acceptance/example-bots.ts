import { type Closable, closeAll } from '../../src/lifecycle.js';
import { type Fleet, startFleet } from '../docs/fleet.js';
import { openQueue } from '../helpers/commit-worker.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { snapshot } from '../helpers/snapshot.js';
import { startTelegram } from '../helpers/telegram.js';
import type { BotAccount } from '../helpers/telegram-account.js';
import { until } from '../helpers/until.js';

const programs = { training: 'examples/training-bot/main.js', quiz: 'examples/quiz-bot/main.js' };

type Name = keyof typeof programs;

/** Both example bots as processes of their own, Telegram, and a ledger with its worker and API. */
export interface ExampleBots extends Closable {
  readonly fleet: Fleet;
  readonly training: BotAccount;
  readonly quiz: BotAccount;
  readonly processes: Record<Name, Process[]>;
  /** Starts a process of a bot, with these settings besides, and waits until it listens. */
  start(name: Name, settings?: Record<string, string>): Promise<Process>;
  /** Waits until all updates are handled by every process, and what they wrote is applied. */
  settled(): Promise<void>;
  /** Kills all processes of a bot, as a power cut would. */
  kill(name: Name): Promise<void>;
  /** From now on units wait, as when no worker runs. */
  stopApplying(): Promise<void>;
  startApplying(): Promise<void>;
  /** Everything that is stored, but for times and the keys of units; and why units failed. */
  state(): Promise<Record<string, unknown[]>>;
}

export async function startExampleBots(): Promise<ExampleBots> {
  const fleet = await startFleet();
  const telegram = await startTelegram();
  const jobs = openQueue(fleet.redisUrl);
  const accounts = { training: telegram.bot('spin_bot'), quiz: telegram.bot('quiz_bot') };
  const tokens = { training: fleet.spinToken, quiz: fleet.quizToken };
  const processes: Record<Name, Process[]> = { training: [], quiz: [] };

  const start = async (name: Name, settings: Record<string, string> = {}) => {
    const account = accounts[name];
    const environment = {
      BOT_TOKEN: account.token,
      BOT_NAME: account.me.username as string,
      TELEGRAM_API_ROOT: telegram.apiRoot,
      PROVIDER_TOKEN: 'provider-token',
      REDIS_URL: fleet.redisUrl,
      API_URL: fleet.apiUrl,
      API_TOKEN: tokens[name],
      ...settings,
    };
    const process = startProcess(programs[name], { environment });
    processes[name].push(process);
    await process.says('is listening');
    return process;
  };
  const kill = async (name: Name) => {
    for (const process of processes[name].splice(0)) await process.close();
  };
  return {
    fleet,
    ...accounts,
    processes,
    start,
    kill,
    async settled() {
      for (const name of ['training', 'quiz'] as const) {
        if (processes[name].length > 0) await accounts[name].handled(processes[name].length);
      }
      const unfinished = async () => Object.values(await jobs.queue.getJobCounts('wait', 'active', 'delayed'));
      await until(async () => (await unfinished()).every((count) => count === 0), { what: 'all is applied' });
    },
    stopApplying: () => jobs.queue.pause(),
    startApplying: () => jobs.queue.resume(),
    state: async () => ({
      ...withoutTimes(await snapshot(fleet.database)),
      failed: (await jobs.queue.getFailed()).map(({ failedReason }) => failedReason),
    }),
    async close() {
      await kill('training');
      await kill('quiz');
      await closeAll([fleet, telegram, jobs]);
    },
  };
}

const TIME = /_at$|_date$|^last_activity$/;

function withoutTimes(tables: Record<string, unknown[]>): Record<string, unknown[]> {
  const { idempotency_keys: _, idempotency_key_users: __, ...rest } = tables;
  const text = JSON.stringify(rest, (name, value) => {
    if (TIME.test(name)) return undefined;
    // Stats have a time as well.
    return name === 'stats_data' && typeof value === 'string' ? JSON.parse(value) : value;
  });
  return JSON.parse(text);
}
