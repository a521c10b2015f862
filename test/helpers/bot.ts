import { BotLedger, type BotLedgerOptions } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { openQueue, startWorker, type TestQueue } from './commit-worker.js';
import { type FreshDatabase, freshDatabase } from './databases.js';
import { freshRedisUrl } from './redis.js';

/** A bot with its ledger, and all that stands behind it. */
export interface TestBot extends Closable {
  readonly ledger: BotLedger;
  readonly redisUrl: string;
  readonly jobs: TestQueue;
  readonly fresh: FreshDatabase;
  /** Until then, what is enqueued waits. */
  startWorker(): Promise<void>;
  /** One more ledger on the same queue. */
  open(options?: BotLedgerOptions): BotLedger;
}

/** On SQLite, which is as good as PostgreSQL for what a bot sees. */
export async function startBot({ redisUrl, ...options }: BotLedgerOptions = {}): Promise<TestBot> {
  const url = redisUrl ?? (await freshRedisUrl());
  const fresh = await freshDatabase('sqlite');
  const jobs = openQueue(url);
  const opened: Closable[] = [fresh, jobs];
  const open = (more: BotLedgerOptions = {}) => {
    const ledger = new BotLedger({ bot: 'spin_bot', redisUrl: url, ...options, ...more });
    opened.push(ledger);
    return ledger;
  };
  return {
    ledger: open(),
    redisUrl: url,
    jobs,
    fresh,
    open,
    async startWorker() {
      opened.push(await startWorker(fresh.database, url));
    },
    close: () => closeAll(opened),
  };
}
