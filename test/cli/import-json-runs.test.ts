import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { largeFile, oldUser, usersFile } from './import/files.js';
import { startTarget, type Target } from './import/import-run.js';

const ANN = 9_000_000_001;
const BOB = 9_000_000_002;

describe('a run of botledger import-json', () => {
  let target: Target;
  beforeEach(async () => {
    target = await startTarget();
  });
  afterEach(() => target.close());
  const run = (sql: string) => target.fresh.database.sequelize.query(sql);

  it('copies the file first, and never over an older copy', async () => {
    const file = usersFile({ [ANN]: oldUser(1) });
    await target.startWorker();
    await target.run(file);
    await target.run(file);
    writeFileSync(file, JSON.stringify({ [BOB]: oldUser(1) }));
    const { result } = await target.run(file);

    expect(result.backup).to.equal(`${file}.backup-2`);
    const beside = readdirSync(dirname(file)).sort();
    expect(beside).to.deep.equal(
      ['', '.backup', '.backup-2', '.report.jsonl'].map((suffix) => `users_data.json${suffix}`),
    );
  });

  it('says that nobody takes jobs, instead of waiting for ever', async () => {
    const file = usersFile({ [ANN]: oldUser(1) });
    const { code, output } = await target.run(file);
    expect(code).to.equal(2);
    expect(output).to.contain('no commit worker takes jobs: start `botledger commit`');
    expect(readdirSync(dirname(file))).to.not.contain('users_data.json.report.jsonl');
  });

  it('applies by itself with --work', async () => {
    const { code, output, result } = await target.run(usersFile({ [ANN]: oldUser(500) }), '--work');
    expect(code, output).to.equal(0);
    expect(result).to.deep.include({ ok: true, imported: 1 });
    expect((await target.user(ANN))?.totalXp).to.equal(500);
  });

  it('finds out when the database has something else than the file', async () => {
    await target.startWorker();
    await run(
      'CREATE TRIGGER thief AFTER UPDATE ON users WHEN new.total_xp = 500 BEGIN UPDATE users SET total_xp = 499; END',
    );
    const { code, result } = await target.run(usersFile({ [ANN]: oldUser(500) }));
    expect(code).to.equal(1);
    expect(result).to.deep.include({ ok: false, imported: 1 });
    expect(result.check).to.deep.include({ wrong: 1, expected: { xp: 500, trainings: 2, score: 30 } });
    expect(result.check.gained.xp).to.equal(499);
  });

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`that ${signal} ends goes on when it is started again, and counts nobody twice`, async () => {
      await target.startWorker();
      const { file, xp, trainings } = await largeFile(6_000);
      const interrupted = target.start(file);
      await interrupted.says(/ \d+ % /);
      interrupted.signal(signal);
      expect(await interrupted.exited).to.equal(signal === 'SIGINT' ? 2 : signal);
      if (signal === 'SIGINT') expect(interrupted.output()).to.contain('Not read to the end: SIGINT');

      const { code, output, result } = await target.run(file);
      expect(code, output).to.equal(0);
      expect(result.imported + result.before).to.equal(6_000);
      expect(result.before).to.be.within(1, 5_999);
      const [[sums]] = await run('SELECT sum(total_xp) AS xp, sum(total_trainings) AS trainings FROM users');
      expect(sums).to.deep.equal({ xp, trainings });
    });
  }

  it('refuses a file that was imported longer ago than the ledger remembers', async () => {
    const file = usersFile({ [ANN]: oldUser(1) });
    writeFileSync(`${file}.backup`, '{}');
    utimesSync(`${file}.backup`, 1_700_000_000, 1_700_000_000);
    const { code, output } = await target.run(file);
    expect(code).to.equal(2);
    expect(output).to.contain('is of 2023-11-14').and.contain('would count twice');
  });

  for (const { what, args, said } of [
    { what: 'no file', args: [], said: "missing required argument 'file'" },
    { what: 'a file that is not there', args: ['/no/such/file.json'], said: 'no such file' },
    { what: 'a directory', args: ['/'], said: '/ is no file' },
    { what: 'an option that nobody knows', args: ['--force', '/x'], said: "unknown option '--force'" },
    { what: 'a name that no bot has', args: ['--bot', 'spin bot', '/x'], said: "--bot must be a bot's name" },
  ]) {
    it(`exits 2 for ${what}`, async () => {
      const { code, output } = await target.run(...args);
      expect(code).to.equal(2);
      expect(output)
        .to.contain(said)
        .and.not.match(/^\s+at /m);
    });
  }

  it('exits 2 for a database without our tables, and for a file that is not what it should be', async () => {
    await target.startWorker();
    const list = await target.run(usersFile('[1, 2]'));
    expect(list.code).to.equal(2);
    expect(list.result.stoppedBy).to.equal('line 1: expected an object with one member per Telegram id');

    for (const forget of ['DELETE FROM "SequelizeMeta"', 'DROP TABLE "SequelizeMeta"']) {
      await run(forget);
      const old = await target.run(usersFile({}));
      expect(old.code).to.equal(2);
      expect(old.output).to.contain('run `botledger migrate`');
    }
    expect(await target.fresh.database.sequelize.getQueryInterface().tableExists('SequelizeMeta')).to.equal(false);
  });

  it('does not write its report over the file itself', async () => {
    await target.startWorker();
    const file = usersFile({ [ANN]: oldUser(1) });
    const { code, output } = await target.run(file, '--report', file);
    expect(code).to.equal(2);
    expect(output).to.contain('--report: give another file');
  });

  it('tells people what it did', async () => {
    await target.startWorker();
    const process = target.start(usersFile({ [ANN]: oldUser(500), [BOB]: oldUser(20), bob: oldUser(1) }));
    expect(await process.exited).to.equal(1);
    for (const said of ['3  users read', '2  are imported now', '1  do not fit', '✔ XP         +520, expected +520']) {
      expect(process.output()).to.contain(said);
    }
  });
});
