import { expect } from 'chai';
import { judge, showCriterion } from '../../bench/criteria.js';
import type { Runs } from '../../bench/run.js';
import { medianRatio } from '../../bench/statistics.js';

const WORKER = { workerMicros: 1, redisMicros: 1, postgresMicros: 1, rssMb: 1 };

/** Runs with these units per second in the rounds from the first. */
const runs = (...rates: number[]): Runs => ({
  ...WORKER,
  perSecond: rates[0] ?? Number.NaN,
  rates: Object.fromEntries(rates.map((rate, index) => [index + 1, rate])),
});

describe('ratios of the bench', () => {
  it('compare within a round: a slow one slows both', () => {
    expect(medianRatio([700, 70, 7_000], [1_000, 100, 10_000])).to.be.closeTo(0.7, 1e-9);
  });

  it('leave out a round in which one of the two went wrong', () => {
    expect(medianRatio({ 1: 30, 2: 99, 3: 50 }, { 1: 10, 3: 10 })).to.equal(5);
  });

  it('are none without a round in common', () => {
    expect(medianRatio({ 1: 30 }, { 2: 10 })).to.be.NaN;
  });
});

describe('criteria of the bench', () => {
  const verdict = (throughput: Record<string, Runs>, what: string) =>
    judge({ throughput }).find((criterion) => criterion.what === what);

  it('hold at their limit and not below it', () => {
    const what = 'lone units / no-op BullMQ worker';
    expect(verdict({ botledgerLone: runs(600), noop: runs(1_000) }, what)).to.include({ figure: 0.6, met: true });
    expect(verdict({ botledgerLone: runs(599), noop: runs(1_000) }, what)).to.include({ met: false });
  });

  it('take the setting of pg-boss that did most', () => {
    const throughput = { botledgerPacks: runs(3_000), pgBoss2: runs(1_000), pgBossTransactional4: runs(2_000) };
    expect(verdict(throughput, 'packs / best of pg-boss')).to.include({ figure: 1.5, met: true });
  });

  it('say nothing of what was not measured', () => {
    for (const criterion of judge({})) {
      expect(criterion).to.not.have.any.keys('figure', 'met');
      expect(showCriterion(criterion))
        .to.match(/^ {3}– {4}/)
        .and.to.not.match(/ok|MISSED/);
    }
  });
});
