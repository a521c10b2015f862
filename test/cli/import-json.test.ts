import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import { BotSession } from '../../src/models/index.js';
import { snapshot } from '../helpers/snapshot.js';
import { oldUser, usersFile } from './import/files.js';
import { readReport, startTarget, type Target } from './import/import-run.js';

const ANN = 9_000_000_001;
const BOB = 9_000_000_002;

describe('botledger import-json', () => {
  let target: Target;
  beforeEach(async () => {
    target = await startTarget();
    await target.startWorker();
  });
  afterEach(() => target.close());
  const session = async () => {
    const [row] = await target.fresh.database.sequelize.getRepository(BotSession).findAll();
    return row as BotSession;
  };

  it('brings users in with XP, level, counters, session and stats, as of the time of the file', async () => {
    const file = usersFile({ [ANN]: oldUser(500, 3), [BOB]: { session: { step: 1 } } });
    const written = new Date('2025-01-15T10:30:00.000Z');
    utimesSync(file, written, written);
    const { code, output, result } = await target.run(file);

    expect(code, output).to.equal(0);
    expect(result).to.deep.include({ ok: true, rows: 2, imported: 2, before: 0, rejected: 0 });
    const ann = await target.user(ANN);
    expect(ann).to.deep.include({ totalXp: 500, level: 3, totalTrainings: 2, totalScore: 30 });
    expect(ann?.registrationDate).to.deep.equal(written);
    expect((await target.user(BOB))?.totalXp).to.equal(0);
    const { sessionData, statsData, sessionAt } = await session();
    expect(sessionData).to.deep.equal({ question_count: 5, chat_state: 'in_progress' });
    expect(statsData).to.deep.include({ total_xp: 500, best_score: 20 });
    expect(sessionAt).to.deep.equal(written);
  });

  it('changes nothing the second time', async () => {
    const file = usersFile({ [ANN]: oldUser(500, 3), [BOB]: oldUser(20) });
    await target.run(file);
    const once = await snapshot(target.fresh.database);
    const { code, result } = await target.run(file);

    expect(code).to.equal(0);
    expect(result).to.deep.include({ ok: true, imported: 0, before: 2 });
    expect(await snapshot(target.fresh.database)).to.deep.equal(once);
  });

  it('adds to what users have from other bots, and never lowers a level or replaces a newer session', async () => {
    const quiz = new BotLedger({ bot: 'quiz_bot', redisUrl: target.redisUrl });
    await (await quiz.addXp(ANN, { xp: 1_000 })).result();
    await quiz.close();
    await (await target.spin.saveSession(ANN, { session: { now: true }, stats: { now: true } })).result();
    const file = usersFile({ [ANN]: oldUser(500, 3), [BOB]: oldUser(20, 8) });
    utimesSync(file, 1, 1);
    const { code, output, result } = await target.run(file);

    expect(code, output).to.equal(0);
    expect(result).to.deep.include({ ok: true, known: 1, newerKept: 1 });
    expect(await target.user(ANN)).to.deep.include({ totalXp: 1_500, level: 11, totalTrainings: 2 });
    expect(await target.user(BOB)).to.deep.include({ totalXp: 20, level: 8 });
    expect((await session()).sessionData).to.deep.equal({ now: true });
  });

  it('lists rows that do not fit with line, id and reason, imports the others, and exits 1', async () => {
    const file = usersFile(`{
"${ANN}": {"stats": {"total_xp": 500}},
"bob": {"stats": {"total_xp": 1}},
"6": {"stats": {"total_xp": "many"}},
"9007199254740993": {"session": {}},
"${ANN}": {"stats": {"total_xp": 500}},
"${BOB}": {"stats": {"total_xp": 20}}
}`);
    const { code, result } = await target.run(file);

    expect(code).to.equal(1);
    expect(result).to.deep.include({ ok: false, rows: 6, imported: 2, rejected: 4, report: `${file}.report.jsonl` });
    expect(readReport(`${file}.report.jsonl`)).to.deep.equal([
      { line: 3, offset: 46, id: 'bob', reason: 'the key is no Telegram id: expected a whole number' },
      { line: 4, offset: 81, id: '6', reason: 'user.stats.total_xp: expected number, received string' },
      { line: 5, offset: 119, id: '9007199254740993', reason: 'the Telegram id is beyond the safe integers' },
      { line: 6, offset: 156, id: `${ANN}`, reason: 'this id stands in the file before: the first one counts' },
    ]);
    expect((await target.user(ANN))?.totalXp).to.equal(500);
    expect((await target.user(BOB))?.totalXp).to.equal(20);
  });

  it('does not apply a row that changed since it was imported, and says which', async () => {
    const file = usersFile({ [ANN]: oldUser(500), [BOB]: oldUser(20) });
    await target.run(file);
    writeFileSync(file, JSON.stringify({ [ANN]: oldUser(700), [BOB]: oldUser(20) }));
    const { code, result } = await target.run(file, '--report', `${file}.rejected`);

    expect(code).to.equal(1);
    expect(result).to.deep.include({ imported: 0, before: 1, rejected: 1 });
    const [rejected] = readReport(`${file}.rejected`);
    expect(rejected?.id).to.equal(`${ANN}`);
    expect(rejected?.reason).to.contain('imported before with other content');
    expect((await target.user(ANN))?.totalXp).to.equal(500);
  });

  it('imports what comes before the end of a file that was cut off, and goes on with the whole one', async () => {
    const whole = JSON.stringify({ 1: oldUser(1), 2: oldUser(2), 3: oldUser(3) }, null, 1);
    const file = usersFile(whole.slice(0, -20));
    const first = await target.run(file);
    writeFileSync(file, whole);
    const second = await target.run(file);

    expect(first.code).to.equal(2);
    expect(first.result).to.deep.include({ ok: false, imported: 2 });
    expect(first.result.stoppedBy).to.contain('cut off');
    expect(second.code, second.output).to.equal(0);
    expect(second.result).to.deep.include({ ok: true, imported: 1, before: 2 });
    for (const id of [1, 2, 3]) expect((await target.user(id))?.totalXp).to.equal(id);
  });

  it('does not bring back users who were deleted after the file was written', async () => {
    const file = usersFile({ [ANN]: oldUser(500), [BOB]: oldUser(20) });
    utimesSync(file, 1_000_000_000, 1_000_000_000);
    await (await target.spin.deleteUser(ANN)).result();
    const { code, result } = await target.run(file);

    expect(code).to.equal(1);
    expect(result).to.deep.include({ imported: 1, rejected: 1 });
    expect(readReport(result.report as string)[0]?.reason).to.contain('was deleted after');
    expect(await target.user(ANN)).to.equal(null);
  });

  it('says with --dry-run what would happen, and writes nothing', async () => {
    const file = usersFile({ [ANN]: oldUser(500), [BOB]: oldUser(20), bob: oldUser(1) });
    const before = await snapshot(target.fresh.database);
    const { code, result } = await target.run(file, '--dry-run');

    expect(code).to.equal(1);
    expect(result).to.deep.include({ dryRun: true, imported: 2, rejected: 1 });
    expect(result.file).to.deep.equal({ xp: 520, trainings: 4, score: 60 });
    expect(await snapshot(target.fresh.database)).to.deep.equal(before);
    expect(readdirSync(dirname(file))).to.deep.equal(['users_data.json']);
    expect(existsSync(`${file}.report.jsonl`)).to.equal(false);
  });
});
