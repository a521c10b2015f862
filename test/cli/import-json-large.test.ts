import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { startProcess } from '../helpers/processes.js';
import { largeFile } from './import/files.js';
import { startTarget, type Target } from './import/import-run.js';

const USERS = 100_000;
const MOST_MEMORY_MB = 300;

describe('botledger import-json with 100,000 users', () => {
  let target: Target;
  before(async () => {
    target = await startTarget('postgres');
    const environment = { DATABASE_URL: target.fresh.url, REDIS_URL: target.redisUrl };
    await startProcess('workers/commit.js', { environment }).says('commit worker is ready');
  });
  after(() => target.close());

  it('needs less than 300 MB, applies nothing the second time, and the sums agree', async function () {
    // 20 s on two idle cores; the rest is for machines that are busy.
    this.timeout(300_000);
    const { file, xp, trainings } = await largeFile(USERS);
    const sums = () =>
      target.fresh.database.sequelize.query(
        'SELECT count(*) AS users, sum(total_xp)::bigint AS xp, sum(total_trainings)::bigint AS trainings FROM users',
        { type: QueryTypes.SELECT },
      );
    for (const [imported, before] of [
      [USERS, 0],
      [0, USERS],
    ]) {
      const { code, output, result, memoryMb } = await target.run(file);
      expect(code, output).to.equal(0);
      expect(result).to.deep.include({ ok: true, rows: USERS, imported, before, rejected: 0 });
      expect(result.check).to.deep.include({ users: USERS, usersMissing: 0, sessionsMissing: 0, wrong: 0, busy: 0 });
      expect(memoryMb).to.be.lessThan(MOST_MEMORY_MB);
      expect(await sums()).to.deep.equal([{ users: USERS, xp, trainings }]);
    }
  });
});
