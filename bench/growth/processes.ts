import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Bench, size } from '../bench.js';
import { botledgerPacks } from '../contenders/botledger.js';
import type { Contender } from '../contenders/contender.js';
import { enqueuePacks, withQueue } from '../contenders/enqueue.js';
import { untilEmpty } from '../fleet.js';
import { median } from '../statistics.js';
import { printTable } from '../table.js';

/** What a process costs. */
export interface ProcessCost {
  /** Milliseconds from its start until it says that it is ready. */
  startMs: number;
  /** Resident megabytes when it is ready. */
  rssMb: number;
  /** Resident megabytes after some load; NaN where none was put on it. */
  loadedRssMb: number;
}

const parts = { commit: 'commit worker is ready', schedule: 'schedule worker is ready', api: 'API is ready' };

type Part = keyof typeof parts;

/** The processes of a fleet. */
export type Processes = Record<Part, ProcessCost>;

/** Start-up time and memory of each executable in workers/. */
export async function measureProcesses(bench: Bench): Promise<Processes> {
  const database = await bench.servers.createDatabase();
  await bench.servers.emptyRedis();
  try {
    const costs: Partial<Processes> = {};
    for (const part of Object.keys(parts) as Part[]) costs[part] = await measure(bench, part, database.url);
    const rows = Object.entries(costs).map(([part, cost]) => [
      `workers/${part}.js`,
      cost.startMs,
      cost.rssMb,
      cost.loadedRssMb,
    ]);
    printTable(bench.say, ['process', 'ready after ms', 'MB', 'MB after load'], rows);
    return costs as Processes;
  } finally {
    await database.drop();
  }
}

async function measure(bench: Bench, part: Part, databaseUrl: string): Promise<ProcessCost> {
  const runs: ProcessCost[] = [];
  for (let time = 0; time < size(bench, 5, 1); time++) runs.push(await runOnce(bench, part, databaseUrl));
  return {
    startMs: median(runs.map(({ startMs }) => startMs)),
    rssMb: median(runs.map(({ rssMb }) => rssMb)),
    loadedRssMb: Math.max(...runs.map(({ loadedRssMb }) => loadedRssMb)),
  };
}

async function runOnce(bench: Bench, part: Part, databaseUrl: string): Promise<ProcessCost> {
  const file = fileURLToPath(new URL(`../../workers/${part}.js`, import.meta.url));
  const { PATH = '', HOME = '' } = process.env;
  const places = { DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl, PORT: '0' };
  const secrets = { API_TOKENS: 'bench_bot:a-token', ADMIN_USER: 'admin', ADMIN_PASSWORD: 'a-password' };
  const env = { PATH, HOME, ...places, ...secrets };
  const start = performance.now();
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await untilSays(createInterface(child.stdout), parts[part]);
    const startMs = performance.now() - start;
    const rssMb = residentMb(child.pid);
    if (part === 'commit') await load(bench, botledgerPacks);
    return { startMs, rssMb, loadedRssMb: part === 'commit' ? residentMb(child.pid) : Number.NaN };
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }
}

async function untilSays(lines: AsyncIterable<string>, text: string): Promise<void> {
  for await (const line of lines) if (line.includes(text)) return;
  throw new Error(`the process ended before it said: ${text}`);
}

function residentMb(pid: number | undefined): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' });
  return Number.parseInt(stdout, 10) / 1_024;
}

async function load(bench: Bench, { queue = '' }: Contender): Promise<void> {
  await withQueue(queue, bench.servers.redisUrl, async (open) => {
    await enqueuePacks(open, { from: 0, to: size(bench, 100_000, 10_000) });
    await untilEmpty(open);
  });
}
