import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import pMap from 'p-map';
import { startCommitWorker } from '../commit/worker.js';
import { type Config, readConfig } from '../config.js';
import { Database } from '../database.js';
import { ConfigError } from '../errors.js';
import { type Closable, closeAll } from '../lifecycle.js';
import { createLogger } from '../logger.js';
import { botName } from '../operations/unit.js';
import { type Backup, backUp, refuseForgotten, withoutBackup } from './import/backup.js';
import { chunksOf } from './import/chunks.js';
import { Importer } from './import/importer.js';
import { ImportQueue } from './import/queue.js';
import { noReport, openReport } from './import/report.js';
import { readRows } from './import/rows.js';
import { ImportStore } from './import/store.js';
import { describeResult, type ImportResult, isComplete } from './import/summary.js';
import { environment } from './process.js';
import { noProgress, showProgress, whole } from './progress.js';

/** How an import was asked for. */
interface ImportOptions {
  bot: string;
  dryRun: boolean;
  report?: string;
  json: boolean;
  work: boolean;
}

const DAY_MS = 86_400_000;

/** Chunks under way at once: one commits while the next is sent and the last is checked. */
const CHUNKS_AT_ONCE = 3;

/**
 * `botledger import-json`: brings the users of an old `users_data.json` in, through the queue. Exits 0 when all of them
 * are in, 1 when some are not, and 2 when it could not be done or not to the end.
 */
export async function runImportJson(file: string, options: ImportOptions): Promise<void> {
  // Left to itself, V8 collects late where there is much memory, and takes twice as much for what is long done with.
  setFlagsFromString('--optimize-for-size');
  const opened: Closable[] = [];
  try {
    const result = await importJson(file, options, opened);
    console.log(options.json ? JSON.stringify(result) : describeResult(result));
    process.exitCode = result.stoppedBy ? 2 : result.ok ? 0 : 1;
  } catch (error) {
    console.error(`botledger: ${(error as Error).message || error}`);
    process.exitCode = 2;
  } finally {
    await closeAll(opened).catch(() => undefined);
  }
}

async function importJson(file: string, options: ImportOptions, opened: Closable[]): Promise<ImportResult> {
  const { bot, dryRun, json } = options;
  const open = <T extends Closable>(closable: T): T => {
    opened.push(closable);
    return closable;
  };
  const config = readSettings(options);
  if (!(await stat(file)).isFile()) throw new Error(`${file} is no file`);
  await refuseForgotten(file, config.ledgerRetentionDays);

  const database = open(new Database({ url: config.databaseUrl, poolSize: config.databasePoolSize }));
  const store = new ImportStore(database, bot);
  await store.check();
  if (options.work && !dryRun) await workHere(config, database, options, open);
  const backup = dryRun ? await withoutBackup(file) : await backUp(file);
  const plan = { bot, at: backup.writtenAt, maxUnitBytes: config.maxUnitBytes };
  const { redisUrl, queuePartitions } = config;
  const secret = dryRun ? undefined : secretOf(config, bot, backup);
  const queue = dryRun ? undefined : open(new ImportQueue({ ...plan, redisUrl, queuePartitions, secret }));
  await queue?.requireWorker();

  const reportFile = options.report ?? (dryRun ? undefined : `${file}.report.jsonl`);
  if (reportFile && [file, backup.path].some((taken) => resolve(taken) === resolve(reportFile))) {
    throw new Error('--report: give another file than the one to import');
  }
  const report = reportFile ? openReport(reportFile) : noReport;
  const importer = new Importer({ plan, store, queue, report });
  const stoppedBy = await importAll(importer, backup, json).finally(() => report.close());
  const { tally } = importer;
  const ok = isComplete(tally, stoppedBy);
  return { ok, dryRun, backup: dryRun ? undefined : backup.path, report: reportFile, stoppedBy, ...tally };
}

/** Imports row by row; returns why it did not get to the end of the file. */
async function importAll(importer: Importer, { path, bytes }: Backup, json: boolean): Promise<string | undefined> {
  const stop = new AbortController();
  let stoppedBy: string | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    stoppedBy = `${signal}`;
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);

  const { tally } = importer;
  const progress = json ? noProgress : showProgress(bytes, () => `${whole(tally.rows - tally.rejected)} users`);
  let done = 0;
  const chunks = chunksOf(readRows(path), stop.signal, ({ message }) => {
    stoppedBy = message;
  });
  try {
    await pMap(
      chunks,
      async (chunk) => {
        await importer.take(chunk);
        const last = chunk.at(-1);
        done = Math.max(done, last ? last.offset + last.bytes : 0);
        progress.update(done);
      },
      { concurrency: CHUNKS_AT_ONCE },
    );
    if (!stoppedBy) progress.update(bytes);
  } finally {
    progress.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  }
  return stoppedBy;
}

function readSettings({ bot, dryRun }: ImportOptions): Config {
  if (!botName.safeParse(bot).success) throw new ConfigError([`--bot must be a bot's name, like spin_bot`]);
  // The credentials of the API are not needed here, in production neither.
  const { NODE_ENV: _, ...env } = environment();
  return readConfig(env, dryRun ? { redisUrl: 'redis://127.0.0.1' } : {});
}

/**
 * What the rows are signed with; undefined for BOT_SECRET, if there is one.
 *
 * @throws Error when the workers would refuse all of them
 */
function secretOf({ botSecrets, ledgerRetentionDays }: Config, bot: string, { writtenAt }: Backup): string | undefined {
  if (!botSecrets) return undefined;
  const [secret] = botSecrets.get(bot) ?? [];
  if (!secret)
    throw new ConfigError([`BOT_SECRETS has no secret of ${bot}, so its rows would be refused: add one there`]);
  if (Date.now() - writtenAt.getTime() < ledgerRetentionDays * DAY_MS) return secret;
  throw new Error(
    `the file is of ${writtenAt.toISOString().slice(0, 10)}, and with BOT_SECRETS nothing is applied that is older than ` +
      `LEDGER_RETENTION_DAYS (${ledgerRetentionDays}): raise that everywhere for as long as the import takes`,
  );
}

/** A commit worker in this process. SQLite has one writer, so there the worker shares the connection. */
async function workHere(
  config: Config,
  database: Database,
  { json }: ImportOptions,
  open: <T extends Closable>(closable: T) => T,
): Promise<void> {
  const { databaseUrl: url, databasePoolSize: poolSize } = config;
  const forCommits =
    database.dialect === 'sqlite' ? database : open(new Database({ url, poolSize, lookupsOnly: true }));
  open(
    await startCommitWorker({ config, database: forCommits, logger: createLogger('commit', json ? 'silent' : 'warn') }),
  );
}
