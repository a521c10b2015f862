import type { Measurements } from './results.js';
import { timesFaster } from './run.js';
import { bestOfPgBoss } from './sections/throughput.js';
import { show } from './table.js';

/** Something that must hold on an otherwise idle machine. */
export interface Criterion {
  what: string;
  /** Absent when it was not measured. */
  figure?: number;
  limit: string;
  met?: boolean;
}

type Side = 'at least' | 'at most' | 'below';

const holds: Record<Side, (figure: number, limit: number) => boolean> = {
  'at least': (figure, limit) => figure >= limit,
  'at most': (figure, limit) => figure <= limit,
  below: (figure, limit) => figure < limit,
};

/** Everything that a full run has to show. */
export function judge({ throughput, enqueue, sessions, latency, reads, growth }: Measurements): Criterion[] {
  const { botledgerPacks, botledgerLone, noop, bareLoop1, obvious } = throughput ?? {};
  const pgBoss = throughput && bestOfPgBoss(throughput);
  const { ledger, trap, users } = growth ?? {};
  const addBulk = enqueue?.bulk.queue.perSecond;
  const worstRead = Object.values(reads ?? {}).map(({ ratio }) => ratio);
  return [
    criterion('packs / best of pg-boss', timesFaster(botledgerPacks, pgBoss), 'at least', 1.5, 2),
    criterion('packs / no-op BullMQ worker', timesFaster(botledgerPacks, noop), 'at least', 2.5, 3),
    criterion('packs / bare 500-row loop', timesFaster(botledgerPacks, bareLoop1), 'at least', 0.4, 0.6),
    criterion('lone units / no-op BullMQ worker', timesFaster(botledgerLone, noop), 'at least', 0.6, 0.8),
    criterion('lone units / one Sequelize transaction', timesFaster(botledgerLone, obvious), 'at least', 12),
    criterion('enqueueMany / addBulk', ratio(enqueue?.bulk.ledger.perSecond, addBulk), 'at least', 2),
    criterion('1,000 addXp at once / addBulk', ratio(enqueue?.together.ledger.perSecond, addBulk), 'at least', 2),
    criterion('saveSession: commands of Redis', sessions?.saveSession.commands, 'at most', 2),
    criterion('getSession: commands of Redis', sessions?.getSession.commands, 'at most', 1),
    criterion('getUserSession: commands of Redis', sessions?.getUserSession.commands, 'at most', 1),
    criterion('at rest: addXp / queue.add, median', latency?.ratios.enqueued, 'at most', 1.3),
    criterion('committed / one statement, median', latency?.ratios.committed.p50, 'at most', 1),
    criterion('committed / one statement, p99', latency?.ratios.committed.p99, 'at most', 1),
    criterion('full ledger / empty ledger', ledger?.grown.ratio, 'at least', 0.8),
    criterion('  filled while workers ran', ledger?.trapped.ratio, 'at least', 0.8),
    criterion('  mix, all tables empty at start', ratio(trap?.longLived, trap?.fresh), 'at least', 0.8),
    criterion('rank among a million, p99 in ms', users?.many.rank.p99, 'below', 5),
    criterion('API / bare handler, worst read', worstRead.length ? Math.min(...worstRead) : undefined, 'at least', 0.7),
  ];
}

function criterion(what: string, figure: number | undefined, side: Side, limit: number, aim?: number): Criterion {
  const text = `${side} ${limit}${aim === undefined ? '' : `, aim ${aim}`}`;
  if (figure === undefined || Number.isNaN(figure)) return { what, limit: text };
  return { what, figure, limit: text, met: holds[side](figure, limit) };
}

const ratio = (a: number | undefined, b: number | undefined) => (a ?? Number.NaN) / (b ?? Number.NaN);

/** A line for people. */
export function showCriterion({ what, figure, limit, met }: Criterion): string {
  const verdict = met === undefined ? '   –  ' : met ? '  ok  ' : 'MISSED';
  return `${verdict}  ${what.padEnd(40)}${show(Number.isInteger(figure) ? `${figure}` : figure).padStart(7)}   ${limit}`;
}
