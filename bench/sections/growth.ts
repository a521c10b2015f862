import type { Bench } from '../bench.js';
import { type LedgerGrowth, measureLedgerGrowth } from '../growth/ledger.js';
import { measureProcesses, type Processes } from '../growth/processes.js';
import { measurePrune, type Prune } from '../growth/prune.js';
import { measureTrap, type Trap } from '../growth/trap.js';
import { measureUserGrowth, type UserGrowth } from '../growth/users.js';

/** What becomes of the rates as data grows, and what a process costs. */
export interface Growth {
  ledger: LedgerGrowth;
  trap: Trap;
  users: UserGrowth;
  prune: Prune;
  processes: Processes;
}

/** Every measurement of growth; one that fails does not keep the others from running. */
export async function measureGrowth(bench: Bench): Promise<Partial<Growth>> {
  const growth: Partial<Growth> = {};
  const measure = async <N extends keyof Growth>(name: N, run: (bench: Bench) => Promise<Growth[N]>) => {
    await run(bench).then(
      (result) => {
        growth[name] = result;
      },
      (error) => bench.wrong(`growth: ${name}`, error),
    );
  };
  await measure('ledger', measureLedgerGrowth);
  await measure('trap', measureTrap);
  await measure('users', measureUserGrowth);
  await measure('prune', measurePrune);
  await measure('processes', measureProcesses);
  return growth;
}
