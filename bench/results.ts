import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Criterion } from './criteria.js';
import type { Enqueue } from './sections/enqueue.js';
import type { Growth } from './sections/growth.js';
import type { Latency } from './sections/latency.js';
import type { Mix } from './sections/mix.js';
import type { Reads } from './sections/reads.js';
import type { Sessions } from './sections/sessions.js';
import type { Throughput } from './sections/throughput.js';
import type { Servers } from './servers.js';

/** What was measured; what was not asked for is absent. */
export interface Measurements {
  throughput?: Throughput;
  mix?: Mix;
  enqueue?: Enqueue;
  sessions?: Sessions;
  latency?: Latency;
  reads?: Reads;
  growth?: Partial<Growth>;
}

/** Where it was measured. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  node: string;
  redis: string;
  postgres: string;
}

/** All of a run, as its JSON says it. */
export interface Results extends Measurements {
  date: string;
  quick: boolean;
  rounds: number;
  machine: Machine;
  criteria: Criterion[];
  /** States that were not exactly what they must be. */
  problems: string[];
}

export const describeMachine = ({ versions }: Servers): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.versions.node,
  ...versions,
});
