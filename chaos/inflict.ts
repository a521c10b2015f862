import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet, Services } from './fleet.js';
import type { Fault, FaultKind } from './plan.js';
import { randomOf } from './random.js';
import type { Service } from './service.js';

/** What faults are done to. */
export interface Victims {
  readonly fleet: Fleet;
  readonly services: Services;
}

/** Does what a fault says, and undoes it. @returns when its target is up again */
export async function inflict(fault: Fault, { fleet, services }: Victims): Promise<void> {
  const { kind, target, index, lastsMs } = fault;
  const { redis, postgres } = fleet;
  if (target !== 'redis' && target !== 'postgres') {
    const service = services[target][index] as Service;
    if (/frozen/.test(kind)) return service.freeze(lastsMs);
    return service.restart(/in order/.test(kind) ? 'SIGTERM' : 'SIGKILL', lastsMs);
  }
  switch (kind as FaultKind) {
    case 'Redis killed':
      await redis.kill();
      await pause(lastsMs);
      return redis.start();
    case 'Redis frozen':
      redis.pause();
      await pause(lastsMs);
      return redis.resume();
    case 'PostgreSQL stopped at once':
    case 'PostgreSQL killed':
      await postgres.stop(kind === 'PostgreSQL killed' ? 'kill' : 'immediate');
      await pause(lastsMs);
      return postgres.start();
    case 'PostgreSQL frozen':
      await postgres.pause();
      await pause(lastsMs);
      return postgres.resume();
  }
  const random = randomOf(fault.atMs, kind);
  const proxy = target === 'redis' ? fleet.redisProxy : fleet.postgresProxy;
  proxy.reset(() => random.next() <= fault.part);
}

/** Runs the faults at their times. Those of one target wait for each other, those of different ones overlap. */
export async function inflictAll(
  faults: readonly Fault[],
  victims: Victims,
  { seconds, say }: { seconds: number; say: (line: string) => void },
): Promise<void> {
  const start = performance.now();
  const busy = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const until = (ms: number) => pause(Math.max(0, start + ms - performance.now()));
  for (const fault of faults) {
    await until(fault.atMs);
    const target = `${fault.target} ${fault.index}`;
    const run = async () => {
      await busy.get(target);
      say(`${tell(fault)}`);
      await inflict(fault, victims).catch((error: unknown) => failures.push(error));
    };
    busy.set(target, run());
  }
  await until(seconds * 1_000);
  await Promise.all(busy.values());
  if (failures.length > 0) throw failures[0];
}

function tell({ kind, target, index, lastsMs, part }: Fault): string {
  if (/reset/.test(kind)) return `${kind}: ${Math.round(part * 100)} %`;
  const number = target === 'worker' || target === 'producer' ? ` (${index + 1})` : '';
  return `${kind}${number} for ${(lastsMs / 1_000).toFixed(1)} s`;
}
