import { findViolations } from './checks.js';
import type { Result } from './experiment.js';
import { readFacts, readJournals } from './facts.js';
import { Fleet } from './fleet.js';
import { inflictAll } from './inflict.js';
import type { Options } from './options.js';
import { type FaultKind, planFaults } from './plan.js';
import { settle } from './settle.js';

/** What became of a run. */
export interface FaultsResult extends Result {
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
}

/** New units of each producer. */
const UNITS_PER_SECOND = 100;

/** Sends, breaks, mends, waits and checks. */
export async function runFaults(options: Options, say: (line: string) => void): Promise<FaultsResult> {
  const { seconds, seed, fsync } = options;
  const faults = planFaults(seed, seconds);
  const fleet = await Fleet.start(options);
  if (options.keep) say(`logs and journals will be in ${fleet.directory}`);
  try {
    const services = await fleet.startAll(seed, UNITS_PER_SECOND);
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
    const result = {
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
    return { ...result, line: lineOf(result) };
  } finally {
    await fleet.close();
  }
}

function lineOf(result: Omit<FaultsResult, 'line'>): string {
  const { seconds, seed, acknowledged, repeated, applied, outcomes, refused, told, restarts, violations } = result;
  const faults = Object.entries(result.faults).map(([kind, count]) => `${kind} ${count}`);
  return [
    `chaos: ${seconds} s, seed ${seed}, ${acknowledged} acknowledged, ${repeated} sent twice, ${applied} applied`,
    `${outcomes} outcomes compared, ${refused} forgeries refused, ${told} events told, ${restarts} restarts`,
    `drained in ${result.drainSeconds} s, ${violations.length} violations, faults: ${faults.join(', ') || 'none'}`,
  ].join(', ');
}

function countKinds(kinds: readonly FaultKind[]): Partial<Record<FaultKind, number>> {
  const counts: Partial<Record<FaultKind, number>> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
