import type { Closable } from '../../src/lifecycle.js';
import { closeAll } from '../../src/lifecycle.js';
import { User } from '../../src/models/index.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { startWorker } from '../helpers/commit-worker.js';
import { startTestApi, type TestApi } from './harness.js';

export const PATH = '/v1/bots/spin_bot/operations';

export const addXp = (xp: number, telegramId = 7) => ({ operations: [{ name: 'addXp', telegramId, xp }] });

/** The header that gives a unit its key. */
export const named = (key: string) => ({ 'idempotency-key': key });

/** The header that asks for the outcome. */
export const waiting = (seconds = 5) => ({ prefer: `wait=${seconds}` });

/** Starts an API before each test, and closes it with everything that belongs to it afterwards. */
export function eachApi() {
  let api: TestApi;
  const opened: Closable[] = [];
  beforeEach(async () => {
    api = await startTestApi();
    opened.push(api);
  });
  afterEach(() => closeAll(opened.splice(0)));

  return {
    get api() {
      return api;
    },
    /** Sends a unit in the name of spin_bot. */
    send: (body: unknown, headers: Record<string, string> = {}) => api.post(PATH, body, { headers }),
    /** Starts a commit worker. */
    work: async () => void opened.push(await startWorker(api.database, api.redisUrl)),
    /** A bot that uses the SDK. */
    async startBot(): Promise<TestBot> {
      const bot = await startBot({ redisUrl: api.redisUrl });
      opened.push(bot);
      return bot;
    },
    async xpOf(telegramId: number): Promise<number | undefined> {
      return (await api.database.sequelize.getRepository(User).findOne({ where: { telegramId } }))?.totalXp;
    },
    /** Closes the API already now. */
    close: () => closeAll(opened.splice(0)),
  };
}
