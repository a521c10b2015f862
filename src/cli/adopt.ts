import { readConfig } from '../config.js';
import { Database } from '../database.js';
import { type Adopted, takeOver } from './adopt/take-over.js';
import { endOnError, environment } from './process.js';

/** `botledger adopt`: takes over a database that the Python module made. */
export const runAdopt = (options: { dryRun: boolean }) =>
  endOnError(async () => {
    // It needs the database only: the other settings may be wrong or missing still.
    const { DATABASE_URL } = environment();
    const { databaseUrl } = readConfig({ DATABASE_URL }, { redisUrl: 'redis://127.0.0.1' });
    // However large the database is, its rows move in one statement a table.
    const database = new Database({ url: databaseUrl, statementTimeoutMs: 24 * 60 * 60 * 1000 });
    try {
      const adopted = await takeOver(database, options);
      console.log(
        adopted ? describe(adopted, options.dryRun) : 'Nothing to adopt: this database is botledger’s already',
      );
    } finally {
      await database.close();
    }
  });

function describe(adopted: readonly Adopted[], dryRun: boolean): string {
  const lines = adopted.map(({ table, before, after }) => {
    const merged = before === after ? '' : `, ${before - after} merged into others`;
    return `  ${table.padEnd(18)}${String(after).padStart(10)} rows${merged}`;
  });
  const title = dryRun ? 'A dry run; nothing was changed. What would be adopted:' : 'Adopted:';
  return [title, ...lines, dryRun ? 'Run it without --dry-run to do it.' : 'The schema is up to date.'].join('\n');
}
