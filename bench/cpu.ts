import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** CPU time in milliseconds; undefined where this system does not tell. */
export interface CpuTimes {
  redis: number;
  postgres: number | undefined;
}

/** CPU time of a Redis and the children that rewrite its log. */
export async function redisCpuMs(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const used = [...info.matchAll(/^used_cpu_(?:sys|user)(?:_children)?:([\d.]+)/gm)];
  return used.reduce((sum, [, seconds]) => sum + Number(seconds) * 1_000, 0);
}

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** CPU time of a PostgreSQL: its first process, what that has reaped, and all that run. */
export function postgresCpuMs(postmaster: number): number | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const [, parent = 0, ...rest] = readStat(pid);
    const [user = 0, system = 0, reapedUser = 0, reapedSystem = 0] = rest.slice(9);
    if (Number(pid) === postmaster) ticks += user + system + reapedUser + reapedSystem;
    else if (parent === postmaster) ticks += user + system;
  }
  return ticks * TICK_MS;
}

/** The fields of /proc/…/stat after the name: state, parent, …; nothing for a process that has just ended. */
function readStat(pid: string): number[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return [];
  }
}
