import { expect } from 'chai';
import fc from 'fast-check';
import { decodeLine, encodeLine, type HeldUnit, readLines } from '../../../src/client/spool/lines.js';
import { SpoolError } from '../../../src/errors.js';
import { arbitraryUnit } from '../../helpers/arbitrary.js';

const arbitraryWrite: fc.Arbitrary<HeldUnit[]> = fc.array(fc.record({ unit: arbitraryUnit, keyed: fc.boolean() }), {
  minLength: 1,
  maxLength: 3,
});

const read = (content: Buffer) => [...readLines(content, 'units.log')].map(decodeLine);

describe('A file of the spool', () => {
  it('torn off at any byte, holds every write that ended before', () => {
    fc.assert(
      fc.property(fc.array(arbitraryWrite, { minLength: 1, maxLength: 4 }), (writes) => {
        const lines = writes.map(encodeLine);
        const whole = Buffer.concat(lines);
        for (let length = 0; length <= whole.length; length++) {
          let confirmed = 0;
          for (let end = 0; confirmed < lines.length; confirmed++) {
            end += (lines[confirmed] as Buffer).length;
            if (end > length) break;
          }
          expect(read(whole.subarray(0, length))).to.deep.equal(writes.slice(0, confirmed));
        }
      }),
      { numRuns: 10 },
    );
  });

  it('with any byte changed, is refused, and not read as if a write were missing', () => {
    fc.assert(
      fc.property(fc.tuple(arbitraryWrite, arbitraryWrite), fc.integer({ min: 1, max: 255 }), (writes, change) => {
        const whole = Buffer.concat(writes.map(encodeLine));
        for (let at = 0; at < whole.length; at++) {
          const damaged = Buffer.from(whole);
          damaged[at] = (whole[at] as number) ^ change;
          expect(() => read(damaged), `byte ${at}`).to.throw(SpoolError, /units\.log is damaged at line [12], byte/);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('whose last write has its length but not its bytes, as a power cut may leave it, holds the others', () => {
    fc.assert(
      fc.property(arbitraryWrite, arbitraryWrite, fc.nat(), (first, second, written) => {
        const [before, last] = [encodeLine(first), encodeLine(second)];
        last.fill(0, written % (last.length - 1));
        expect(read(Buffer.concat([before, last]))).to.deep.equal([first]);
      }),
    );
  });
});
