import { expect } from 'chai';
import { readOptions } from '../../chaos/options.js';
import { faultKinds, planFaults, targets } from '../../chaos/plan.js';

describe('The plan of faults', () => {
  it('is the same for a seed, and another for another', () => {
    expect(planFaults(7, 60)).to.deep.equal(planFaults(7, 60));
    expect(planFaults(8, 60)).not.to.deep.equal(planFaults(7, 60));
  });

  for (const seconds of [10, 60, 300]) {
    it(`has every kind at least once in ${seconds} s`, () => {
      for (let seed = 0; seed < 50; seed++) {
        const faults = planFaults(seed, seconds);
        expect(faults.map(({ kind }) => kind)).to.include.members(Object.keys(faultKinds));
        for (const { atMs, target, index } of faults) {
          expect(atMs).to.be.below(seconds * 1_000);
          expect(index).to.be.below(targets[target]);
        }
      }
    });
  }
});

describe('The options of npm run chaos', () => {
  it('are a minute and a random seed if nothing is said', () => {
    const { seconds, seed, experiment, fsync } = readOptions([]);
    expect({ seconds, experiment, fsync }).to.deep.equal({ seconds: 60, experiment: 'faults', fsync: 'always' });
    expect(seed).to.be.within(0, 999_999);
  });

  it('are refused when they are wrong, with what is right', () => {
    expect(() => readOptions(['--seconds', '0'])).to.throw('--seconds: a whole number from 1, not 0');
    expect(() => readOptions(['--seed', 'x'])).to.throw('--seed: a whole number from 0, not x');
    expect(() => readOptions(['--only', 'rain'])).to.throw('--only: there is no rain, only faults, outage, backlog');
    expect(() => readOptions(['--gently'])).to.throw("Unknown option '--gently'");
  });
});
