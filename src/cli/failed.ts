import pMap from 'p-map';
import { readConfig } from '../config.js';
import { describeJob, jsonOfJob } from './failed/describe.js';
import { type FailedJob, FailedJobs, type Filters } from './failed/jobs.js';
import { environment } from './process.js';
import { noProgress, showProgress, whole } from './progress.js';

/** How a list was asked for. */
interface ListOptions extends Filters {
  limit: number;
  json: boolean;
  payload: boolean;
}

/** How jobs were asked to be retried or discarded. */
interface ChangeOptions extends Filters {
  all: boolean;
  yes?: boolean;
}

/** Who waits for so many wants to see how far it is. */
const MANY = 500;

const AT_ONCE = 50;

/** `botledger failed list`: what failed for good, and why. Exits 0, or 2 when it could not be asked. */
export const runFailedList = ({ limit, json, payload, ...filters }: ListOptions) =>
  withFailedJobs(async (failed) => {
    let shown = 0;
    for await (const job of failed.matching(filters)) {
      if (shown === limit) {
        if (!json) console.log(`\nThere are more than these ${limit}: see --limit, --reason, --operation and --bot.`);
        return 0;
      }
      shown++;
      if (json) console.log(jsonOfJob(job, payload));
      else console.log(payload ? `${describeJob(job)}\n${JSON.stringify(job.payload)}` : describeJob(job));
    }
    if (shown === 0 && !json) console.log('Nothing failed.');
    return 0;
  });

/** `botledger failed retry`: puts failed jobs back into their queues. Exits 1 when some were not there any more. */
export const runFailedRetry = (ids: string[], options: ChangeOptions) =>
  withFailedJobs(async (failed) => {
    const [jobs, missing] = await choose(failed, ids, options);
    return change(jobs, missing, 'retried', (job) => failed.retry(job));
  });

/** `botledger failed discard`: removes failed jobs for good. Exits 1 when some were not there any more. */
export const runFailedDiscard = (ids: string[], options: ChangeOptions) =>
  withFailedJobs(async (failed) => {
    const [jobs, missing] = await choose(failed, ids, options);
    if (options.all && !options.yes && jobs.length > 0) {
      throw new Error(`${whole(jobs.length)} failed jobs would be gone for good: add --yes if that is meant`);
    }
    return change(jobs, missing, 'discarded', (job) => failed.discard(job));
  });

async function withFailedJobs(work: (failed: FailedJobs) => Promise<number>): Promise<void> {
  let failed: FailedJobs | undefined;
  try {
    failed = await FailedJobs.open(redisUrl());
    process.exitCode = await work(failed);
  } catch (error) {
    console.error(`botledger: ${(error as Error).message || error}`);
    process.exitCode = 2;
  } finally {
    await failed?.close().catch(() => undefined);
  }
}

function redisUrl(): string {
  // Neither the database nor the credentials of the API are needed here.
  const { NODE_ENV: _, ...env } = environment();
  return readConfig(env, { serves: false, databaseUrl: 'sqlite:unused' }).redisUrl;
}

/** The jobs that are meant, and how many of those asked for are not there. */
async function choose(
  failed: FailedJobs,
  ids: readonly string[],
  { all, yes: _, ...filters }: ChangeOptions,
): Promise<[jobs: FailedJob[], missing: number]> {
  if (all === ids.length > 0) throw new Error('give the ids of failed jobs, or --all');
  if (all) {
    const jobs: FailedJob[] = [];
    // Without what they carry: there may be a million.
    for await (const job of failed.matching(filters)) jobs.push({ ...job, payload: undefined });
    return [jobs, 0];
  }
  if (filters.reason ?? filters.operation ?? filters.bot) {
    throw new Error('--reason, --operation and --bot choose among --all: leave them out beside ids');
  }
  const found = await Promise.all([...new Set(ids)].map(async (id) => ({ id, jobs: await failed.find(id, filters) })));
  for (const { id, jobs } of found) {
    if (jobs.length > 1) throw new Error(`${id} is in several queues: add --queue ${jobs[0]?.queue} or another`);
    if (jobs.length === 0) console.error(`botledger: ${id}: no failed job has this id`);
  }
  return [found.flatMap(({ jobs }) => jobs), found.filter(({ jobs }) => jobs.length === 0).length];
}

async function change(
  jobs: readonly FailedJob[],
  missing: number,
  done: string,
  changeOne: (job: FailedJob) => Promise<boolean>,
): Promise<number> {
  const progress = jobs.length < MANY ? noProgress : showProgress(jobs.length, (number) => `${whole(number)} ${done}`);
  let [changed, looked] = [0, 0];
  try {
    await pMap(
      jobs,
      async (job) => {
        if (await changeOne(job)) changed++;
        progress.update(++looked);
      },
      { concurrency: AT_ONCE },
    );
  } finally {
    progress.stop();
  }
  const gone = missing + jobs.length - changed;
  console.log(`${whole(changed)} ${done}${gone > 0 ? `, ${whole(gone)} not there any more` : ''}`);
  return gone > 0 ? 1 : 0;
}
