import { closeAll } from '../../src/lifecycle.js';
import { type Bench, size } from '../bench.js';
import { botledgerLone } from '../contenders/botledger.js';
import { NOOP_QUEUE, noop } from '../contenders/noop.js';
import { STATEMENT_QUEUE, statement } from '../contenders/statement.js';
import { Line, type Waits } from '../line.js';
import type { Sent } from '../produce.js';
import { printTable, show } from '../table.js';

/** How long a unit takes: at rest, beside BullMQ; at half and at full load. */
export interface Latency {
  rest: Waits;
  restStatement: Waits;
  restBareAdd: Waits;
  half: Waits;
  full: Waits;
}

/** Units per second that count as rest. */
const AT_REST = 50;

const WARM_UPS = 10;

/** Units under way that count as full load. */
const IN_FLIGHT = 1_000;

/** Latencies from the bot's call to the commit and to the outcome in its hands. */
export async function measureLatency(bench: Bench): Promise<Partial<Latency>> {
  await bench.servers.emptyRedis();
  const latency: Partial<Latency> = {};
  for (const measure of [measureRest, measureLoad]) {
    await measure(bench).then(
      (part) => Object.assign(latency, part),
      (error) => bench.wrong('latency', error),
    );
  }
  print(bench, latency);
  return latency;
}

/**
 * A second of each in turns, so that a noisy one hits all alike, and in each of their orders, as some leave the machine
 * warmer for the next than others; none works while another is measured. They warm up in turns as well: V8 drops what it
 * compiled for whoever then waits for long.
 */
async function measureRest(bench: Bench): Promise<Pick<Latency, 'rest' | 'restStatement' | 'restBareAdd'>> {
  const lines: Line[] = [];
  try {
    lines.push(await Line.open(bench, botledgerLone, {}));
    lines.push(await Line.open(bench, statement, { queue: STATEMENT_QUEUE }));
    lines.push(await Line.open(bench, noop, { queue: NOOP_QUEUE, outcomes: false }));
    for (let turn = 0; turn < WARM_UPS; turn++) {
      for (const line of lines) await line.inFlight(size(bench, 5_000, 500) / WARM_UPS, 1);
    }

    const seconds = size(bench, 30, 2);
    const sent: Sent[][] = lines.map(() => []);
    for (let second = 1; second <= seconds; second++) {
      for (let turn = 0; turn < lines.length; turn++) {
        const backwards = second % 2 === 0;
        const index = (second + (backwards ? lines.length - turn : turn)) % lines.length;
        sent[index]?.push(await (lines[index] as Line).atRate(AT_REST, AT_REST));
      }
      if (second % 10 === 0) bench.say(`  at rest  ${second} of ${seconds} s each`);
    }
    const [rest, restStatement, restBareAdd] = await Promise.all(
      lines.map((line, index) => line.waits(sent[index] ?? [])),
    );
    for (const line of lines) await line.check();
    return { rest, restStatement, restBareAdd } as Pick<Latency, 'rest' | 'restStatement' | 'restBareAdd'>;
  } finally {
    await closeAll(lines);
  }
}

/** Full load is what one producer with many units under way gets done; half load is half of that, by the clock. */
async function measureLoad(bench: Bench): Promise<Pick<Latency, 'half' | 'full'>> {
  const line = await Line.open(bench, botledgerLone, {});
  try {
    await line.inFlight(size(bench, 20_000, 2_000), IN_FLIGHT);
    const full = await line.waits([await line.inFlight(size(bench, 80_000, 5_000), IN_FLIGHT)]);
    bench.say(`  full load  ${show(full.perSecond)} units/s`);
    const perSecond = full.perSecond / 2;
    const half = await line.waits([await line.atRate(Math.round(perSecond * size(bench, 8, 1)), perSecond)]);
    await line.check();
    return { half, full };
  } finally {
    await line.close();
  }
}

const titles: Record<keyof Latency, string> = {
  rest: 'botledger',
  restStatement: 'BullMQ, one statement',
  restBareAdd: 'queue.add alone',
  half: '  at half load',
  full: '  at full load',
};

function print({ say }: Bench, latency: Partial<Latency>): void {
  const rows = (Object.entries(latency) as [keyof Latency, Waits][]).map(([name, waits]) => [
    titles[name],
    waits.perSecond,
    ...[waits.enqueued, waits.committed, waits.outcome].flatMap(({ p50, p99 }) => [p50, p99]),
  ]);
  printTable(say, ['ms until', 'units/s', 'queued', 'p99', 'committed', 'p99', 'outcome', 'p99'], rows);
}
