import { Database } from '../../src/database.js';
import { openRepositories, type Repositories } from '../../src/repositories/index.js';
import { type Bench, size } from '../bench.js';
import { botledgerPacks } from '../contenders/botledger.js';
import { fillUsers } from '../fill.js';
import { Fleet } from '../fleet.js';
import type { BenchDatabase } from '../servers.js';
import { measureSlice } from '../slice.js';
import { type Spread, spread } from '../statistics.js';
import { printTable } from '../table.js';
import { USERS } from '../workload.js';

/** Milliseconds of each question about many users. */
export type Questions = Record<'rank' | 'firstPage' | 'anyPage' | 'count', Spread>;

/** The same with few users and with many. */
export interface UserGrowth {
  few: Questions;
  many: Questions;
  /** How many those are. */
  users: number;
}

/** The rank and the leaderboard with a thousand and with a million users; ranks must be exact, also after writes. */
export async function measureUserGrowth(bench: Bench): Promise<UserGrowth> {
  const users = size(bench, 1_000_000, 30_000);
  const growth = { users, few: await measure(bench, USERS), many: await measure(bench, users) };
  const titles = {
    rank: 'rank',
    firstPage: 'leaderboard, first page',
    anyPage: 'leaderboard, any page',
    count: 'count',
  };
  const rows = Object.entries(titles).map(([name, title]) => {
    const [few, many] = [growth.few[name as keyof Questions], growth.many[name as keyof Questions]];
    return [title, few.p50, few.p99, many.p50, many.p99];
  });
  const among = (count: number) => [`${count.toLocaleString('en-US')}: p50`, 'p99'];
  printTable(bench.say, ['ms, by number of users', ...among(USERS), ...among(users)], rows);
  return growth;
}

async function measure(bench: Bench, count: number): Promise<Questions> {
  bench.say(`  ${count.toLocaleString('en-US')} users`);
  const file = await bench.servers.createDatabase();
  const database = new Database({ url: file.url, lookupsOnly: true });
  try {
    await fillUsers(file, count);
    const repositories = openRepositories(database);
    const questions = await ask(bench, repositories, count);
    await checkRanks(file, repositories, count);
    await write(bench, file);
    await checkRanks(file, repositories, count);
    return questions;
  } finally {
    await database.close();
    await file.drop();
  }
}

const PAGE = 10;
const WARM_UP = 20;

async function ask(bench: Bench, { users }: Repositories, count: number): Promise<Questions> {
  const anyOf = (total: number) => Math.floor(Math.random() * total);
  const time = async (times: number, question: () => Promise<unknown>) => {
    const sample: number[] = [];
    for (let index = -WARM_UP; index < times; index++) {
      const start = performance.now();
      await question();
      if (index >= 0) sample.push(performance.now() - start);
    }
    return spread(sample);
  };
  return {
    rank: await time(size(bench, 1_000, 100), () => users.rank(1 + anyOf(count))),
    firstPage: await time(size(bench, 500, 50), () => users.leaderboard({ limit: PAGE })),
    anyPage: await time(size(bench, 100, 20), () => users.leaderboard({ limit: PAGE, offset: anyOf(count - PAGE) })),
    count: await time(size(bench, 50, 20), () => users.count()),
  };
}

const CHECKED = 200;

/** @throws Error when a rank is not the user's place in the order of all users */
async function checkRanks(database: BenchDatabase, { users }: Repositories, count: number): Promise<void> {
  const step = Math.max(1, Math.floor(count / CHECKED));
  const places = await database.sql(
    `SELECT telegram_id, place FROM (
       SELECT telegram_id, row_number() OVER (ORDER BY total_xp DESC, id) AS place FROM users
     ) AS ranked WHERE telegram_id % ${step} = 0 OR telegram_id <= 20`,
  );
  for (const { telegram_id, place } of places) {
    const rank = await users.rank(Number(telegram_id));
    if (rank !== Number(place)) throw new Error(`user ${telegram_id}: expected rank ${place}, found ${rank}`);
  }
}

/** Has a worker move a thousand users up. */
async function write({ servers }: Bench, database: BenchDatabase): Promise<void> {
  await servers.emptyRedis();
  const fleet = new Fleet(botledgerPacks, { redisUrl: servers.redisUrl, databaseUrl: database.url });
  try {
    await fleet.start({ from: 0, to: USERS });
    await measureSlice(database, fleet, { from: 0, to: USERS });
    await fleet.stop();
  } finally {
    await fleet.close();
  }
}
