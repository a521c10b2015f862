import { expect } from 'chai';
import { readConfig } from '../src/config.js';

const urls = { DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1' };

describe('The setting REMIND_DAYS', () => {
  const read = (value?: string) => readConfig({ ...urls, REMIND_DAYS: value }).remindDays;

  it('is 3 days and 1 day unless it says otherwise', () => {
    expect(read()).to.deep.equal([3, 1]);
    expect(read(' 7, 1 ')).to.deep.equal([7, 1]);
    expect(read('14')).to.deep.equal([14]);
  });

  for (const value of ['0', '-1', '1.5', 'soon', '3,,1', '3,3', '366', ',']) {
    it(`is refused as ${value}, with an example`, () => {
      expect(() => read(value)).to.throw('REMIND_DAYS must be different whole numbers from 1 to 365, e.g. 3,1');
    });
  }
});
