import { writeFileSync } from 'node:fs';
import type { Bench } from './bench.js';
import { drawChart } from './chart.js';
import { judge, showCriterion } from './criteria.js';
import { type Options, readOptions, type SectionName, usage } from './options.js';
import { describeMachine, type Measurements, type Results } from './results.js';
import { measureEnqueue } from './sections/enqueue.js';
import { measureGrowth } from './sections/growth.js';
import { measureLatency } from './sections/latency.js';
import { measureMix } from './sections/mix.js';
import { measureReads } from './sections/reads.js';
import { measureSessions } from './sections/sessions.js';
import { measureThroughput } from './sections/throughput.js';
import { type Servers, startServers } from './servers.js';

const sections: { [N in SectionName]: (bench: Bench) => Promise<NonNullable<Measurements[N]>> } = {
  throughput: measureThroughput,
  mix: measureMix,
  enqueue: measureEnqueue,
  sessions: measureSessions,
  latency: measureLatency,
  reads: measureReads,
  growth: measureGrowth,
};

let stopping = false;

const say = (line = '') => {
  if (!stopping) console.log(line);
};

await main();

async function main(): Promise<void> {
  const options = read();
  if (options.help) return say(usage);
  const servers = await startServers();
  // What the servers wrote goes with them, also when somebody loses patience.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopping = true;
      void servers.close().finally(() => process.exit(1));
    });
  }
  try {
    const results = await measure(options, servers);
    report(results);
    if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
    if (options.chart) say(`drew ${drawChart(results)}`);
    process.exitCode = results.problems.length > 0 ? 1 : 0;
  } finally {
    await servers.close();
  }
}

function read(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

async function measure({ quick, rounds, only }: Options, servers: Servers): Promise<Results> {
  const machine = describeMachine(servers);
  say(`botledger bench: ${quick ? 'quick, ' : ''}${rounds} round${rounds > 1 ? 's' : ''}`);
  say(`${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}`);
  say(`PostgreSQL ${machine.postgres} with fsync on, Redis ${machine.redis} with AOF every second`);

  const problems: string[] = [];
  const wrong = (what: string, error: unknown) => {
    problems.push(`${what.trim()}: ${(error as Error).message}`);
    say(`  WRONG  ${problems.at(-1)}`);
  };
  const measured: Measurements = {};
  for (const name of only) {
    say(`\n${name}`);
    const start = performance.now();
    const bench: Bench = { servers, quick, rounds, say, wrong };
    const result = await sections[name](bench).catch((error: unknown) => wrong(name, error));
    if (result) Object.assign(measured, { [name]: result });
    say(`${name} took ${Math.round((performance.now() - start) / 1_000)} s`);
  }
  const date = new Date().toISOString();
  return { date, quick, rounds, machine, ...measured, criteria: judge(measured), problems };
}

function report(results: Results): void {
  say(`\nWhat a full run on an idle machine must show${results.quick ? ' (this one was quick, and rough)' : ''}`);
  for (const criterion of results.criteria) say(showCriterion(criterion));
  const exact = { what: 'runs that did not end in the exact state', limit: 'none' };
  say(showCriterion({ ...exact, figure: results.problems.length, met: results.problems.length === 0 }));
  for (const problem of results.problems) say(`  WRONG  ${problem}`);
  say();
  say(JSON.stringify(results));
}
