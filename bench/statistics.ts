/** How a sample is spread. */
export interface Spread {
  p50: number;
  p99: number;
}

/** The value that a share of the sample lies at or below. */
export function percentile(sample: readonly number[], share: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (sample: readonly number[]): number => percentile(sample, 0.5);

export const spread = (sample: readonly number[]): Spread => ({
  p50: percentile(sample, 0.5),
  p99: percentile(sample, 0.99),
});

/**
 * How many times one figure is another: the median over the rounds, as what slows the machine in a round slows both.
 *
 * @param ones by round
 * @param others by round; what only one of them has does not count
 * @returns NaN if they have no round in common
 */
export function medianRatio(ones: Readonly<Record<number, number>>, others: Readonly<Record<number, number>>): number {
  const ratios = Object.entries(ones).map(([round, one]) => one / (others[Number(round)] ?? Number.NaN));
  return median(ratios.filter((ratio) => !Number.isNaN(ratio)));
}

/** The median of each figure over several runs. */
export function medians<T extends Record<keyof T, number>>(runs: readonly T[]): T {
  const names = Object.keys(runs[0] ?? {}) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name]))])) as T;
}
