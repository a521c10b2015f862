import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { planRow } from '../../../src/cli/import/plan.js';
import { readRows, UnreadableFileError } from '../../../src/cli/import/rows.js';
import { ValidationError } from '../../../src/errors.js';
import { oddJson, oddObject, spoiled } from '../../helpers/odd-json.js';
import { oldUser, usersFile } from './files.js';
import { readReport, startTarget } from './import-run.js';

const PLAN = { bot: 'spin_bot', at: new Date(), maxUnitBytes: 65_536 };

const id = fc.oneof(fc.integer().map(String), fc.maxSafeInteger().map(String), fc.string({ unit: 'binary' }));
const user = fc.oneof(
  fc.integer({ min: 0, max: 9_000 }).map((xp) => oldUser(xp)),
  fc.constant(oldUser(5)).chain(spoiled),
  fc
    .constant(oldUser(5))
    .chain(({ stats, ...rest }) => spoiled(stats as object).map((spoilt) => ({ ...rest, stats: spoilt }))),
  oddJson,
  oddObject,
);
const members = fc.array(fc.tuple(id, user), { maxLength: 8 }).map((all) => Object.fromEntries(all));

describe('Anything at all, given to import-json', () => {
  const file = usersFile({});

  it('is read to its end, or to where it is no such object; each row fits, or is refused with its reason', async () => {
    const text = fc.oneof(
      members.map((all) => JSON.stringify(all)),
      fc.tuple(members, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 })).map(([all, at, more]) => {
        const json = JSON.stringify(all);
        return json.slice(0, at % json.length) + more;
      }),
      oddJson.map((value) => JSON.stringify(value)),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        writeFileSync(file, written);
        try {
          for await (const row of readRows(file)) {
            try {
              expect(planRow(row, PLAN).telegramId).to.satisfy(Number.isSafeInteger);
            } catch (error) {
              if (!(error instanceof ValidationError)) throw error;
            }
          }
        } catch (error) {
          if (!(error instanceof UnreadableFileError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is imported as far as it fits, and the rest is reported', async () => {
    const all = Object.assign({}, ...fc.sample(members, { numRuns: 150, seed: 6 }));
    const target = await startTarget();
    const users = usersFile(all);
    const { code, output, result } = await target.run('--work', users);
    expect(code, output).to.equal(1);
    expect(result.rows).to.equal(Object.keys(JSON.parse(readFileSync(users, 'utf8'))).length);
    expect(result.imported).to.be.above(50);
    expect(result.imported + result.rejected).to.equal(result.rows);
    expect(readReport(`${users}.report.jsonl`)).to.have.lengthOf(result.rejected);
    expect(await target.fresh.database.sequelize.models['User']?.count()).to.equal(result.imported);
    await target.close();
  });
});
