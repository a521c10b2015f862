import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { query } from '../bench/sql.js';
import { until } from '../test/helpers/until.js';
import { findViolations } from './checks.js';
import { queueNames, readFacts, readJournals, unfinishedStates } from './facts.js';
import { inflictAll } from './faults.js';
import { Fleet } from './fleet.js';
import type { Options } from './options.js';
import { type FaultKind, planFaults, targets } from './plan.js';
import type { Service } from './service.js';
import { bots } from './work.js';

/** What became of a run. */
export interface FaultsResult {
  seconds: number;
  seed: number;
  fsync: string;
  /** Units that Redis took, each counted once; those that were sent once more; and rows of the ledger. */
  acknowledged: number;
  repeated: number;
  applied: number;
  /** Outcomes that bots were told and that were compared. */
  outcomes: number;
  /** Units with other content under a used key, all refused. */
  refused: number;
  /** Events that the bots were told of. */
  told: number;
  /** Seconds from the last fault until nothing was left to do. */
  drainSeconds: number;
  faults: Partial<Record<FaultKind, number>>;
  /** How often processes ended by themselves and were started again. */
  restarts: number;
  violations: string[];
}

/** New units of each producer. */
const UNITS_PER_SECOND = 100;

/** As long as retries with their pauses may take. */
const DRAIN_PATIENCE_MS = 180_000;

/** Sends, breaks, mends, waits and checks. */
export async function runFaults(options: Options, say: (line: string) => void): Promise<FaultsResult> {
  const { seconds, seed, fsync } = options;
  const faults = planFaults(seed, seconds);
  const fleet = await Fleet.start(options);
  if (options.keep) say(`logs and journals will be in ${fleet.directory}`);
  try {
    const services = await startAll(fleet, seed);
    say(`${faults.length} faults in ${seconds} s, seed ${seed}`);
    await inflictAll(faults, { fleet, services }, { seconds, say });
    const calm = performance.now();
    const problems = await settle(fleet, services.producer, say);
    const drainSeconds = Math.round((performance.now() - calm) / 100) / 10;
    const facts = await readFacts(
      readJournals((bot) => fleet.journalOf(bot)),
      fleet.databaseUrl,
      fleet.redis.url,
    );
    return {
      seconds,
      seed,
      fsync,
      acknowledged: facts.acknowledged.size,
      repeated: facts.repeated,
      applied: facts.ledger.length,
      outcomes: facts.outcomes.length,
      refused: facts.forged.size,
      told: facts.told.length,
      drainSeconds,
      faults: countKinds(faults.map(({ kind }) => kind)),
      restarts: fleet.services.reduce((sum, { exits }) => sum + exits, 0),
      violations: [...problems, ...findViolations(facts)],
    };
  } finally {
    await fleet.close();
  }
}

async function startAll(fleet: Fleet, seed: number) {
  const start = (count: number, name: string, path: string) =>
    Array.from({ length: count }, (_, index) => fleet.startService(`${name} ${index + 1}`, path));
  const worker = start(targets.worker, 'commit worker', 'workers/commit.js');
  const schedule = start(targets.schedule, 'schedule worker', 'workers/schedule.js');
  const api = start(targets.api, 'API', 'workers/api.js');
  await Promise.all([
    ...worker.map((each) => each.says('commit worker is ready')),
    ...schedule.map((each) => each.says('schedule worker is ready')),
  ]);
  const producer = bots.map((bot) => fleet.startProducer(bot, seed, UNITS_PER_SECOND));
  return { worker, schedule, api, producer };
}

/** Lets everything come to an end. @returns what did not, as violations */
async function settle(fleet: Fleet, producers: readonly Service[], say: (line: string) => void): Promise<string[]> {
  const problems: string[] = [];
  const expect = (work: Promise<unknown>) => work.catch((error: Error) => void problems.push(error.message));
  say('all faults are over: the producers finish');
  const finish = async (producer: Service) => {
    // Before that, the signal would end it.
    await producer.says('sending');
    producer.signal('SIGUSR2');
    const said = () => producer.output().includes('finished\n');
    await until(said, { timeoutMs: DRAIN_PATIENCE_MS, what: `${producer.name} has everything acknowledged` });
    if (producer.exits > 0)
      problems.push(`${producer.name} ended by itself ${producer.exits} times: ${producer.output().slice(-500)}`);
  };
  await Promise.all(producers.map((producer) => expect(finish(producer))));
  say('everything is acknowledged: the queues drain');
  await expect(drain(fleet, say));
  const ready = async () => (await fetch(`${fleet.apiUrl}/readyz`)).ok;
  await expect(until(ready, { timeoutMs: 20_000, what: 'the API is ready' }));
  return problems;
}

async function drain(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const redis = new Redis(fleet.redis.url, { maxRetriesPerRequest: null });
  const queues = queueNames.map((name) => new Queue(name, { connection: redis }));
  let last = '';
  const empty = async () => {
    const counts = await Promise.all(queues.map((queue) => queue.getJobCountByTypes(...unfinishedStates)));
    const [row] = await query(
      fleet.databaseUrl,
      'SELECT count(*)::int AS events FROM outbox WHERE delivered_at IS NULL',
    );
    const left = `${counts.reduce((sum, count) => sum + count, 0)} jobs, ${row?.['events']} events in the outbox`;
    if (left !== last) say(`left: ${left}`);
    last = left;
    return counts.every((count) => count === 0) && row?.['events'] === 0;
  };
  try {
    await until(empty, { timeoutMs: DRAIN_PATIENCE_MS, everyMs: 500, what: 'the queues and the outbox are empty' });
  } finally {
    redis.disconnect();
  }
}

function countKinds(kinds: readonly FaultKind[]): Partial<Record<FaultKind, number>> {
  const counts: Partial<Record<FaultKind, number>> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
