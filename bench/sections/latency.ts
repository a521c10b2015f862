import { closeAll } from '../../src/lifecycle.js';
import { type Bench, size } from '../bench.js';
import { botledgerLone } from '../contenders/botledger.js';
import { NOOP_QUEUE, noop } from '../contenders/noop.js';
import { STATEMENT_QUEUE, statement } from '../contenders/statement.js';
import { Line, type Waits } from '../line.js';
import type { Sent } from '../produce.js';
import { median, medianRatio, medians, type Spread } from '../statistics.js';
import { printTable, show } from '../table.js';

/** How long a unit takes: at rest, beside BullMQ; at half and at full load. */
interface Loads {
  rest: Waits;
  restStatement: Waits;
  restBareAdd: Waits;
  half: Waits;
  full: Waits;
}

/** The median of what each round measured; what no round could measure is absent. */
export interface Latency extends Partial<Loads> {
  /** At rest: the medians of the ratios of each round. */
  ratios: {
    /** Of the median until Redis has the unit, to `queue.add` alone. */
    enqueued: number;
    /** Until it is committed, to BullMQ with one statement per job. */
    committed: Spread;
  };
}

/** Units per second that count as rest. */
const AT_REST = 50;

const WARM_UPS = 10;

/** Units under way that count as full load. */
const IN_FLIGHT = 1_000;

/**
 * Latencies from the bot's call to the commit and to the outcome in its hands. Each round has processes of its own: some
 * are a tenth slower than others for as long as they live.
 */
export async function measureLatency(bench: Bench): Promise<Latency> {
  const rounds: Partial<Loads>[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    await bench.servers.emptyRedis();
    const loads: Partial<Loads> = {};
    rounds.push(loads);
    const say = (line?: string) => bench.say(`  round ${round}  ${line}`);
    for (const measure of [measureRest, measureLoad]) {
      await measure({ ...bench, say }).then(
        (part) => Object.assign(loads, part),
        (error) => bench.wrong(`round ${round}  latency`, error),
      );
    }
  }
  const latency = summarize(rounds);
  print(bench, latency);
  return latency;
}

function summarize(rounds: readonly Partial<Loads>[]): Latency {
  const medianOf = (name: keyof Loads): Partial<Loads> => {
    const sample = rounds.flatMap((loads) => loads[name] ?? []);
    if (sample.length === 0) return {};
    const middle = (figure: 'enqueued' | 'committed' | 'outcome') => medians(sample.map((waits) => waits[figure]));
    const perSecond = median(sample.map((waits) => waits.perSecond));
    return {
      [name]: { perSecond, enqueued: middle('enqueued'), committed: middle('committed'), outcome: middle('outcome') },
    };
  };
  const ratio = (to: keyof Loads, figure: (waits: Waits) => number) => {
    const byRound = (name: keyof Loads) => rounds.map(({ [name]: waits }) => (waits ? figure(waits) : Number.NaN));
    return medianRatio(byRound('rest'), byRound(to));
  };
  return {
    ...Object.assign({}, ...names.map(medianOf)),
    ratios: {
      enqueued: ratio('restBareAdd', ({ enqueued }) => enqueued.p50),
      committed: {
        p50: ratio('restStatement', ({ committed }) => committed.p50),
        p99: ratio('restStatement', ({ committed }) => committed.p99),
      },
    },
  };
}

/**
 * A second of each in turns, so that a noisy one hits all alike, and in each of their orders, as some leave the machine
 * warmer for the next than others; none works while another is measured. They warm up in turns as well: V8 drops what it
 * compiled for whoever then waits for long.
 */
async function measureRest(bench: Bench): Promise<Pick<Loads, 'rest' | 'restStatement' | 'restBareAdd'>> {
  const lines: Line[] = [];
  try {
    lines.push(await Line.open(bench, botledgerLone, {}));
    lines.push(await Line.open(bench, statement, { queue: STATEMENT_QUEUE }));
    lines.push(await Line.open(bench, noop, { queue: NOOP_QUEUE, outcomes: false }));
    for (let turn = 0; turn < WARM_UPS; turn++) {
      for (const line of lines) await line.inFlight(size(bench, 5_000, 500) / WARM_UPS, 1);
    }

    const seconds = size(bench, 15, 2);
    const sent: Sent[][] = lines.map(() => []);
    for (let second = 1; second <= seconds; second++) {
      for (let turn = 0; turn < lines.length; turn++) {
        const backwards = second % 2 === 0;
        const index = (second + (backwards ? lines.length - turn : turn)) % lines.length;
        sent[index]?.push(await (lines[index] as Line).atRate(AT_REST, AT_REST));
      }
    }
    const waits = await Promise.all(lines.map((line, index) => line.waits(sent[index] ?? [])));
    for (const line of lines) await line.check();
    const [rest, restStatement, restBareAdd] = waits as [Waits, Waits, Waits];
    bench.say(
      `at rest: committed in ${show(rest.committed.p50)} ms, one statement in ${show(restStatement.committed.p50)}`,
    );
    return { rest, restStatement, restBareAdd };
  } finally {
    await closeAll(lines);
  }
}

/** Full load is what one producer with many units under way gets done; half load is half of that, by the clock. */
async function measureLoad(bench: Bench): Promise<Pick<Loads, 'half' | 'full'>> {
  const line = await Line.open(bench, botledgerLone, {});
  try {
    await line.inFlight(size(bench, 20_000, 2_000), IN_FLIGHT);
    const full = await line.waits([await line.inFlight(size(bench, 80_000, 5_000), IN_FLIGHT)]);
    bench.say(`full load: ${show(full.perSecond)} units/s`);
    const perSecond = full.perSecond / 2;
    const half = await line.waits([await line.atRate(Math.round(perSecond * size(bench, 8, 1)), perSecond)]);
    await line.check();
    return { half, full };
  } finally {
    await line.close();
  }
}

const titles: Record<keyof Loads, string> = {
  rest: 'botledger',
  restStatement: 'BullMQ, one statement',
  restBareAdd: 'queue.add alone',
  half: '  at half load',
  full: '  at full load',
};

const names = Object.keys(titles) as (keyof Loads)[];

function print({ say }: Bench, latency: Latency): void {
  const rows = names.flatMap((name) => {
    const waits = latency[name];
    if (!waits) return [];
    const figures = [waits.enqueued, waits.committed, waits.outcome].flatMap(({ p50, p99 }) => [p50, p99]);
    return [[titles[name], waits.perSecond, ...figures]];
  });
  printTable(say, ['ms until', 'units/s', 'queued', 'p99', 'committed', 'p99', 'outcome', 'p99'], rows);
}
