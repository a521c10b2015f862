import { expect } from 'chai';
import { Redis } from 'ioredis';
import { QueryTypes } from 'sequelize';
import { startApi } from '../../src/api/server.js';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database.js';
import { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { startWorker } from '../helpers/commit-worker.js';
import { type Postgres, startPostgres } from '../helpers/postgres.js';
import { startProcess } from '../helpers/processes.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { until } from '../helpers/until.js';
import { type Fleet, startFleet } from './fleet.js';

const ROUNDS = 500;
const token = 'token-of-the-spin-bot';

/** Two processes of one bot, which save and read 500 times each. */
async function saveAndRead(environment: Record<string, string>): Promise<void> {
  const bots = [0, 1].map((share) =>
    startProcess('test/acceptance/session-bot.js', { args: [`${share}`, `${ROUNDS}`], environment }),
  );
  for (const bot of bots) {
    expect(await bot.exited, bot.output()).to.equal(0);
    expect(bot.output()).to.equal(`0 of ${ROUNDS} differ\n`);
  }
}

/** The last round in which each user was saved. */
function lastRounds(): Record<number, number> {
  const last: Record<number, number> = {};
  for (let round = 1; round <= ROUNDS; round++)
    for (const share of [0, 1]) last[1 + ((2 * round + share) % 50)] = round;
  return last;
}

async function storedRounds(database: Database): Promise<Record<number, number>> {
  const rows = await database.sequelize.query<{ telegram_id: number; session_data: { round: number } }>(
    'SELECT u.telegram_id, s.session_data FROM bot_sessions s JOIN users u ON u.id = s.user_id',
    { type: QueryTypes.SELECT },
  );
  return Object.fromEntries(rows.map((row) => [row.telegram_id, row.session_data.round]));
}

describe('Sessions of a bot in two processes', () => {
  let opened: Closable[];
  beforeEach(() => {
    opened = [];
  });
  afterEach(() => closeAll(opened));

  it('are what was saved while no worker runs, and the last of each is in the database in the end', async function () {
    this.timeout(120_000);
    const fleet: Fleet = await startFleet('postgres');
    opened.push(fleet);
    const redis = new Redis(fleet.redisUrl);
    opened.push({ close: () => redis.quit() });
    await saveAndRead({ REDIS_URL: fleet.redisUrl, BOT_NAME: 'spin_bot' });
    expect(await redis.ttl('botledger:sessions:1'), 'what is not committed does not expire').to.equal(-1);

    await fleet.startWorkers(2);
    await fleet.drained();
    expect(await storedRounds(fleet.database)).to.deep.equal(lastRounds());
    expect(await fleet.queue.getFailedCount()).to.equal(0);
    for (const telegramId of Object.keys(lastRounds())) {
      expect(await redis.ttl(`botledger:sessions:${telegramId}`), 'what is committed expires').to.be.within(1, 86_400);
    }
  });

  it('are what was saved while PostgreSQL is away, and it gets all of it when it is back', async function () {
    this.timeout(120_000);
    const postgres: Postgres = await startPostgres();
    opened.push(postgres);
    const databaseUrl = await postgres.createDatabase('sessions');
    const database = new Database({ url: databaseUrl });
    opened.push(database);
    await database.migrate();
    const redisUrl = await freshRedisUrl();
    opened.push(await startWorker(database, redisUrl));
    const config = readConfig({
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      PORT: '0',
      API_TOKENS: `spin_bot:${token}`,
    });
    const api = await startApi({ config, database, logger: createLogger('test', 'silent') });
    opened.push(api);
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl, apiUrl: api.url, apiToken: token });
    opened.push(bot);
    await (await bot.saveSession(1, { session: { round: 0 }, stats: { saves: 0 } })).result();

    await postgres.stop('fast');
    const before = performance.now();
    const { session, userIsCurrent } = await bot.getUserSession(1);
    expect([session, userIsCurrent]).to.deep.equal([{ round: 0 }, false]);
    expect(performance.now() - before, 'a bot does not hang').to.be.below(1_500);
    await saveAndRead({ REDIS_URL: redisUrl, BOT_NAME: 'spin_bot', API_URL: api.url, API_TOKEN: token });

    await postgres.start();
    const all = async () => JSON.stringify(await storedRounds(database)) === JSON.stringify(lastRounds());
    await until(all, { timeoutMs: 60_000, what: 'the database holds the last of each' });
    expect((await bot.getUserSession(1)).userIsCurrent).to.equal(true);
  });
});
