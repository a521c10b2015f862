import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { BotLedger } from '../src/index.js';
import { unitJobOptions } from '../src/queue.js';
import { contenders } from './contenders/index.js';
import type { Servers } from './servers.js';
import { percentile } from './statistics.js';
import { unitNumber } from './workload.js';

/** Milliseconds at a low rate. */
export interface Latencies {
  /** `await ledger.addXp(…)`: until Redis holds the job. */
  enqueue: Spread;
  /** `queue.add` of BullMQ, taken in turns with the above. */
  bareAdd: Spread;
  /** From the call to the outcome in the bot's hands, which is after the commit. */
  outcome: Spread;
}

interface Spread {
  p50: number;
  p99: number;
}

const INTERVAL_MS = 20;

/** Sends units one at a time, 50 a second, to an idle worker. */
export async function measureLatency(servers: Servers, samples: number): Promise<Latencies> {
  const database = await servers.freshDatabase();
  const worker = await contenders['botledgerLone']?.work({ redisUrl: servers.redisUrl, databaseUrl: database.url });
  const ledger = new BotLedger({ bot: 'bench_bot', redisUrl: servers.redisUrl });
  const connection = new Redis(servers.redisUrl);
  const bare = new Queue('bench-bare', { connection });

  const times = { enqueue: [] as number[], bareAdd: [] as number[], outcome: [] as number[] };
  const warmUp = Math.ceil(samples / 5);
  for (let number = -warmUp; number < samples; number++) {
    const taken = await sampleOnce(ledger, bare, number + warmUp);
    if (number >= 0) for (const [name, ms] of Object.entries(taken)) times[name as keyof Latencies].push(ms);
    await pause(INTERVAL_MS);
  }

  await ledger.close();
  await bare.close();
  await connection.quit();
  await worker?.close();
  return { enqueue: spread(times.enqueue), bareAdd: spread(times.bareAdd), outcome: spread(times.outcome) };
}

async function sampleOnce(ledger: BotLedger, bare: Queue, number: number): Promise<Record<keyof Latencies, number>> {
  const unit = unitNumber(number);
  const start = performance.now();
  await bare.add('addXp', { v: 1, units: [unit] }, unitJobOptions);
  const added = performance.now();
  const receipt = await ledger.addXp(1 + (number % 1_000), { xp: 5 });
  const enqueued = performance.now();
  await receipt.result();
  return { bareAdd: added - start, enqueue: enqueued - added, outcome: performance.now() - added };
}

const spread = (sample: number[]): Spread => ({ p50: percentile(sample, 0.5), p99: percentile(sample, 0.99) });
