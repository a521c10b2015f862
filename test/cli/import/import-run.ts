import { readFileSync } from 'node:fs';
import type { Rejected } from '../../../src/cli/import/report.js';
import type { ImportResult } from '../../../src/cli/import/summary.js';
import { BotLedger } from '../../../src/index.js';
import { type Closable, closeAll } from '../../../src/lifecycle.js';
import { User } from '../../../src/models/index.js';
import { startWorker } from '../../helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from '../../helpers/databases.js';
import { type Process, startProcess } from '../../helpers/processes.js';
import { freshRedisUrl } from '../../helpers/redis.js';

/** A finished `botledger import-json`. */
export interface FinishedImport {
  code: number | NodeJS.Signals | null;
  output: string;
  /** What it printed for machines. */
  result: ImportResult;
  /** The most memory that it had. */
  memoryMb: number;
}

/** A database with a commit worker, to import into. */
export interface Target extends Closable {
  readonly fresh: FreshDatabase;
  readonly redisUrl: string;
  readonly spin: BotLedger;
  startWorker(): Promise<void>;
  /** Starts `botledger import-json <args>` as spin_bot. */
  start(...args: string[]): Process;
  /** Runs it to its end, with `--json`. */
  run(...args: string[]): Promise<FinishedImport>;
  user(telegramId: number): Promise<User | null>;
}

// The process tells at its end how much memory it had at most.
const NOTE_MEMORY = `process.on('exit', () => console.error('memory', process.resourceUsage().maxRSS))`;

/** SQLite is as good as PostgreSQL for what an import sees. */
export async function startTarget(dialect: 'postgres' | 'sqlite' = 'sqlite'): Promise<Target> {
  const fresh = await freshDatabase(dialect);
  const redisUrl = await freshRedisUrl();
  const spin = new BotLedger({ bot: 'spin_bot', redisUrl });
  const opened: Closable[] = [fresh, spin];
  const start = (...args: string[]) =>
    startProcess('src/cli/main.js', {
      args: ['import-json', '--bot', 'spin_bot', ...args],
      environment: {
        DATABASE_URL: fresh.url,
        REDIS_URL: redisUrl,
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(NOTE_MEMORY)}`,
      },
    });
  return {
    fresh,
    redisUrl,
    spin,
    start,
    async startWorker() {
      opened.push(await startWorker(fresh.database, redisUrl));
    },
    async run(...args) {
      const process = start('--json', ...args);
      const code = await process.exited;
      const output = process.output();
      const [, json] = /^(\{.*\})$/m.exec(output) ?? [];
      const [, kilobytes] = /^memory (\d+)$/m.exec(output) ?? [];
      return { code, output, result: json ? JSON.parse(json) : undefined, memoryMb: Number(kilobytes) / 1024 };
    },
    user: (telegramId) => fresh.database.sequelize.getRepository(User).findOne({ where: { telegramId } }),
    close: () => closeAll(opened),
  };
}

/** The lines of a report. */
export function readReport(file: string): Rejected[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}
