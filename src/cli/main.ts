#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, type CommanderError, InvalidArgumentError } from 'commander';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

const program = new Command('botledger')
  .description('Shared users, XP and sessions for a fleet of bots: enqueued, then applied exactly once')
  .version(version)
  .addHelpText('after', '\nSettings come from the environment and from .env; .env.example lists them all.');

// Each command's code is loaded when it runs: `--help` answers at once.
program
  .command('start')
  .description('run all parts in this process; without settings on a private Redis and SQLite in ./data')
  .action(async () => (await import('./start.js')).runStart());
program
  .command('api')
  .description('serve the HTTP API and Bull Board')
  .action(async () => (await import('./api.js')).runApi());
program
  .command('commit')
  .description('apply what the bots enqueue')
  .action(async () => (await import('./commit.js')).runCommit());
program
  .command('schedule')
  .description('run the scheduled jobs')
  .action(async () => (await import('./schedule.js')).runSchedule());
program
  .command('migrate')
  .description("bring the database's schema up to date")
  .action(async () => (await import('./migrate.js')).runMigrate());
program
  .command('token [bot]')
  .description('make a token for API_TOKENS, or without a bot for METRICS_TOKEN, and show it once')
  .action(async (bot) => (await import('./secrets.js')).runToken(bot));
program
  .command('password')
  .description('make a password for ADMIN_PASSWORD or VIEWER_PASSWORD, and show it once')
  .action(async () => (await import('./secrets.js')).runPassword());
program
  .command('adopt')
  .description('take over a database that the Python module made')
  .option('--dry-run', 'say what would happen, and change nothing', false)
  .action(async (options) => (await import('./adopt.js')).runAdopt(options));
program
  .command('import-json <file>')
  .description('bring in the users of an old users_data.json, through the queue; twice is as good as once')
  .requiredOption('--bot <name>', 'whose file it is, e.g. spin_bot')
  .option('--dry-run', 'say what would happen, and write nothing', false)
  .option('--report <file>', 'where rows that do not fit are listed; by default <file>.report.jsonl')
  .option('--json', 'print one line of JSON', false)
  .option('--work', 'apply it in this process too, for when no commit worker runs', false)
  .exitOverride(badUsage)
  .action(async (file, options) => (await import('./import-json.js')).runImportJson(file, options));
const failed = program.command('failed').description('look at what failed for good, try it again, or discard it');
withFilters(failed.command('list'))
  .description('the latest first, with its reason')
  .option('--limit <number>', 'how many are shown', wholeNumber, 20)
  .option('--json', 'print one line of JSON for each', false)
  .option('--payload', 'show what the jobs carry as well: it is the data of your users', false)
  .action(async (options) => (await import('./failed.js')).runFailedList(options));
withFilters(failed.command('retry'))
  .description('put failed jobs back into their queues, with all their attempts')
  .argument('[ids...]', 'as the list shows them')
  .option('--all', 'all that the filters let through', false)
  .action(async (ids, options) => (await import('./failed.js')).runFailedRetry(ids, options));
withFilters(failed.command('discard'))
  .description('remove failed jobs for good')
  .argument('[ids...]', 'as the list shows them')
  .option('--all', 'all that the filters let through', false)
  .option('--yes', 'with --all: no need to ask', false)
  .action(async (ids, options) => (await import('./failed.js')).runFailedDiscard(ids, options));
program
  .command('demo')
  .description('start all parts, let two bots write, and show what came out')
  .option('--once', 'end after the demo', false)
  .option('--json', 'print one line of JSON and end', false)
  .option('--writes <number>', 'how many writes the burst has', wholeNumber, 10_000)
  .action(async (options) => (await import('./demo.js')).runDemo(options));

await program.parseAsync();

/** Which failed jobs are meant. */
function withFilters(command: Command): Command {
  return command
    .option('--reason <text>', 'those with this text in their reason')
    .option('--operation <name>', 'those with this operation, or of this type of events')
    .option('--bot <name>', 'those of this bot')
    .option('--queue <name>', 'those in this queue')
    .exitOverride(badUsage);
}

/** Of commands whose exit code 1 says something about the data. */
function badUsage({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : 2);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('expected a whole number above 0');
}
