import { randomOf } from './random.js';

/** Every kind of fault, with what it is done to and the least and most milliseconds that it lasts. */
export const faultKinds = {
  'commit worker killed': { target: 'worker', lasts: [200, 2_000] },
  'commit worker frozen for a moment': { target: 'worker', lasts: [300, 2_000] },
  'commit worker frozen until its jobs stall': { target: 'worker', lasts: [6_500, 9_000] },
  'commit worker restarted in order': { target: 'worker', lasts: [0, 500] },
  'producer killed': { target: 'producer', lasts: [200, 2_000] },
  'API killed': { target: 'api', lasts: [200, 2_000] },
  'schedule worker killed': { target: 'schedule', lasts: [200, 2_000] },
  'Redis killed': { target: 'redis', lasts: [200, 3_000] },
  'Redis frozen': { target: 'redis', lasts: [500, 4_000] },
  'Redis connections reset': { target: 'redis', lasts: [0, 0] },
  'PostgreSQL stopped at once': { target: 'postgres', lasts: [200, 4_000] },
  'PostgreSQL killed': { target: 'postgres', lasts: [200, 2_000] },
  'PostgreSQL frozen': { target: 'postgres', lasts: [500, 5_000] },
  'PostgreSQL connections reset': { target: 'postgres', lasts: [0, 0] },
} as const;

export type FaultKind = keyof typeof faultKinds;

/** How many there are of what faults are done to. */
export const targets = { worker: 4, producer: 2, api: 1, schedule: 1, redis: 1, postgres: 1 } as const;

export type TargetName = keyof typeof targets;

/** One fault: what happens when, to which of its targets, and for how long. */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: TargetName;
  /** Which of the targets, from 0. */
  readonly index: number;
  readonly lastsMs: number;
  /** The part of the connections that are reset, from 0 to 1. */
  readonly part: number;
}

const SHORTEST_GAP_MS = 1_000;
const LONGEST_GAP_MS = 4_000;

/**
 * The faults of a run, always the same for a seed and a length. It begins with one of each kind, in random order, closer
 * together if there is little time; then they come as chance has it, and may overlap.
 *
 * @param seconds how long the run lasts
 */
export function planFaults(seed: number, seconds: number): Fault[] {
  const random = randomOf(seed, 'faults');
  const kinds = Object.keys(faultKinds) as FaultKind[];
  const first = random.shuffled(kinds);
  const longest = Math.min(LONGEST_GAP_MS, (seconds * 1_000) / first.length);
  const shortest = Math.min(SHORTEST_GAP_MS, longest / 2);
  const faults: Fault[] = [];
  let atMs = random.whole(shortest, longest);
  while (atMs < seconds * 1_000) {
    const kind = first.shift() ?? random.pick(kinds);
    const { target, lasts } = faultKinds[kind];
    const index = random.whole(0, targets[target] - 1);
    const part = random.chance(0.5) ? 1 : random.next();
    faults.push({ atMs, kind, target, index, lastsMs: random.whole(lasts[0], lasts[1]), part });
    atMs += random.whole(shortest, longest);
  }
  return faults;
}
