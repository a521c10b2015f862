import { contenders } from './contenders/index.js';
import { measureLatency } from './latency.js';
import { startServers } from './servers.js';
import { median } from './statistics.js';
import { measureThroughput, type Run } from './throughput.js';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 3;
const LATENCY_SAMPLES = quick ? 100 : 500;

const log = (line = '') => console.log(line);
const servers = await startServers();
try {
  log(`botledger bench: ${ROUNDS} rounds, Redis with AOF every second, PostgreSQL with fsync on`);
  const rates = await runThroughput();
  const latency = await measureLatency(servers, LATENCY_SAMPLES);

  log();
  log('at 50 units/s, milliseconds            p50      p99');
  for (const [name, { p50, p99 }] of Object.entries(latency)) {
    log(`${name.padEnd(32)}${p50.toFixed(2).padStart(10)}${p99.toFixed(2).padStart(9)}`);
  }
  log();
  log(JSON.stringify({ rates, latency, ratios: ratios(rates) }));
} finally {
  await servers.close();
}

async function runThroughput(): Promise<Record<string, Run>> {
  const runs: Record<string, Run[]> = {};
  // In turns, so that a noisy minute hits everyone.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { jobs }] of Object.entries(contenders)) {
      const run = await measureThroughput(servers, name, quick ? jobs / 2 : jobs);
      runs[name] = [...(runs[name] ?? []), run];
      log(`  round ${round + 1}  ${name.padEnd(16)}${Math.round(run.perSecond).toString().padStart(8)} units/s`);
    }
  }
  const medians = Object.fromEntries(Object.entries(runs).map(([name, sample]) => [name, medianRun(sample)]));
  printTable(medians);
  return medians;
}

function printTable(rates: Record<string, Run>): void {
  const base = rates['noop']?.perSecond ?? Number.NaN;
  log();
  log('median                                units/s  × no-op  worker CPU µs/unit');
  for (const [name, { perSecond, cpuMicros }] of Object.entries(rates)) {
    const title = contenders[name]?.name ?? name;
    const columns = [
      title.padEnd(36),
      Math.round(perSecond).toString().padStart(9),
      (perSecond / base).toFixed(2).padStart(9),
      cpuMicros.toFixed(0).padStart(20),
    ];
    log(columns.join(''));
  }
}

function medianRun(runs: Run[]): Run {
  const of = (key: keyof Run) => median(runs.map((run) => run[key]));
  return { perSecond: of('perSecond'), cpuMicros: of('cpuMicros'), rssMb: of('rssMb') };
}

function ratios(rates: Record<string, Run>) {
  const rate = (name: string) => rates[name]?.perSecond ?? Number.NaN;
  return {
    loneToObvious: rate('botledgerLone') / rate('obvious'),
    loneToNoop: rate('botledgerLone') / rate('noop'),
  };
}
