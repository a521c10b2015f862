import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { init } from 'echarts';
import { pgBossNames } from './contenders/index.js';
import type { Results } from './results.js';

/** A bar of the chart. */
interface Bar {
  title: string;
  perSecond: number;
  color: string;
}

const colors = { botledger: '#1f6feb', other: '#8b949e', limit: '#d0d7de' };

const WIDTH = 820;
const LABELS_WIDTH = 320;
const BAR_HEIGHT = 34;
const HEADER_HEIGHT = 88;

/** From dist/bench, where this file runs. */
const file = fileURLToPath(new URL('../../docs/performance.svg', import.meta.url));

/**
 * Draws the main comparison, committed units per second, as SVG.
 *
 * @returns the file
 * @throws Error when no throughput was measured
 */
export function drawChart(results: Pick<Results, 'throughput' | 'machine'>): string {
  const bars = barsOf(results);
  if (bars.length === 0) throw new Error('there is no throughput to draw');
  mkdirSync(dirname(file), { recursive: true });
  const { cores, cpu, postgres } = results.machine;
  writeFileSync(file, `${draw(bars, `PostgreSQL ${postgres} with fsync on, ${cores} × ${cpu}`)}\n`);
  return file;
}

function barsOf({ throughput = {} }: Pick<Results, 'throughput'>): Bar[] {
  const rate = (...names: string[]) => Math.max(...names.map((name) => throughput[name]?.perSecond ?? 0));
  return [
    { title: 'bare loop of 500-row transactions (the limit)', perSecond: rate('bareLoop1'), color: colors.limit },
    { title: 'botledger, packs', perSecond: rate('botledgerPacks'), color: colors.botledger },
    { title: 'pg-boss, its best batch setting', perSecond: rate(...pgBossNames), color: colors.other },
    { title: 'BullMQ worker that does nothing', perSecond: rate('noop'), color: colors.limit },
    { title: 'botledger, one unit per job', perSecond: rate('botledgerLone'), color: colors.botledger },
    { title: 'graphile-worker, batched', perSecond: rate('graphileWorker'), color: colors.other },
    { title: 'BullMQ, one SQL statement per job', perSecond: rate('statement'), color: colors.other },
    { title: 'BullMQ, one Sequelize transaction per job', perSecond: rate('obvious'), color: colors.other },
  ]
    .filter(({ perSecond }) => perSecond > 0)
    .sort((a, b) => b.perSecond - a.perSecond);
}

function draw(bars: readonly Bar[], subtext: string): string {
  const height = HEADER_HEIGHT + bars.length * BAR_HEIGHT;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: 'Units committed per second, exactly once', subtext, left: 16, top: 12 },
    grid: { left: LABELS_WIDTH, right: 80, top: 72, bottom: 16 },
    xAxis: { type: 'value', axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ title }) => title),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { fontSize: 13, color: '#24292f' },
    },
    series: [
      {
        type: 'bar',
        barWidth: '62%',
        label: { show: true, position: 'right', fontSize: 13, formatter: thousands },
        data: bars.map(({ perSecond, color }) => ({ value: perSecond, itemStyle: { color } })),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

const thousands = ({ value }: { value?: unknown }) => Math.round(Number(value)).toLocaleString('en-US');
