import { type Bench, size } from '../bench.js';
import { Child } from '../child.js';
import { botledgerLone } from '../contenders/botledger.js';
import { Fleet } from '../fleet.js';
import type { HotSettings, HotStep, HotTimes } from '../hot.js';
import { type Spread, spread } from '../statistics.js';
import { printTable } from '../table.js';
import { BOT, USERS } from '../workload.js';

/** Milliseconds of a call, and how many commands of Redis it takes. */
export type Sessions = Record<HotStep, Spread & { commands: number }>;

const titles: Record<HotStep, string> = {
  saveSession: 'await ledger.saveSession(), 2 KB',
  queueAdd: 'await queue.add(), 2 KB',
  getSession: 'await ledger.getSession()',
  getUserSession: 'await ledger.getUserSession()',
  bareGet: 'await redis.get()',
};

const WARM_UP = USERS;

/** What a bot waits for with its sessions, beside bare commands of Redis. */
export async function measureSessions(bench: Bench): Promise<Sessions> {
  const { servers } = bench;
  await servers.emptyRedis();
  const database = await servers.createDatabase();
  const fleet = new Fleet(botledgerLone, { redisUrl: servers.redisUrl, databaseUrl: database.url });
  const bot = new Child(new URL('../hot.js', import.meta.url), { redisUrl: servers.redisUrl } satisfies HotSettings);
  try {
    await bot.ask('showUsers');
    // With everything waiting: what is read is not committed yet, except what the warm-up saved.
    await bot.ask('measure', { from: 0, to: WARM_UP });
    const to = WARM_UP + size(bench, 4_000, 500);
    const times = await bot.ask<HotTimes>('measure', { from: WARM_UP, to });
    await fleet.start({ from: 0, to: 0 });
    await fleet.finished();
    await fleet.stop();
    const [row] = await database.sql(
      `SELECT count(*) AS right FROM bot_sessions JOIN users ON users.id = user_id
        WHERE bot_name = $1 AND (session_data ->> 'unit')::int
          = $2 - 1 - mod($2 - telegram_id, $3)`,
      [BOT, to, USERS],
    );
    if (Number(row?.['right']) !== USERS) throw new Error(`${row?.['right']} of ${USERS} sessions are the last saved`);
    const sessions = Object.fromEntries(
      Object.entries(times).map(([step, { ms, commands }]) => [
        step,
        { ...spread(ms), commands: commands / ms.length },
      ]),
    ) as Sessions;
    const rows = (Object.keys(titles) as HotStep[]).map((step) => {
      const { p50, p99, commands } = sessions[step];
      return [titles[step], p50, p99, commands];
    });
    printTable(bench.say, ['sessions', 'p50 ms', 'p99 ms', 'commands'], rows);
    return sessions;
  } finally {
    await bot.close();
    await fleet.close();
    await database.drop();
  }
}
