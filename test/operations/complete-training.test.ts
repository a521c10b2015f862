import { expect } from 'chai';
import type { LevelStep } from '../../src/domain/levels.js';
import { checkUnit } from '../../src/operations/unit.js';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';
import { refusal } from '../helpers/refusal.js';

const statsOf = (rows: MemoryRows, bot = 'spin_bot') =>
  JSON.parse(rows.stored.botSessions.find(({ botName }) => botName === bot)?.statsData ?? 'null') as unknown;

/** What a training with this score makes of stats that a bot wrote before. */
function counted(stats: Record<string, unknown>, score: number, at = days(1)): unknown {
  const rows = new MemoryRows();
  apply(rows, 'saveSession', { stats });
  apply(rows, 'completeTraining', { score }, { at });
  return statsOf(rows);
}

describe('completeTraining', () => {
  it('books counters, score and XP at once, and answers as addXp', () => {
    const rows = new MemoryRows();
    apply(rows, 'addXp', { xp: 50 });
    const outcome = { leveledUp: true, oldLevel: 1, newLevel: 3, totalXp: 235 };
    expect(apply(rows, 'completeTraining', { score: 185 })).to.deep.equal(outcome);
    expect(rows.user(1)).to.include({ totalTrainings: 1, totalScore: 185, totalXp: 235, level: 3 });
  });

  it("raises the level by the bot's own table, and never lowers it", () => {
    const rows = new MemoryRows();
    const levels: LevelStep[] = [
      { level: 1, minXp: 0 },
      { level: 5, minXp: 100 },
    ];
    expect(apply(rows, 'completeTraining', { score: 99, levels })).to.include({ leveledUp: false, newLevel: 1 });
    expect(apply(rows, 'completeTraining', { score: 1, levels })).to.include({ leveledUp: true, newLevel: 5 });
    expect(apply(rows, 'completeTraining', { score: 1 })).to.include({ leveledUp: false, newLevel: 5 });
  });

  it('counts a training without a score', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'completeTraining', { score: 0 })).to.include({ leveledUp: false, totalXp: 0 });
    expect(rows.user(1)).to.include({ totalTrainings: 1, totalScore: 0 });
    expect(statsOf(rows)).to.include({ total_trainings: 1, best_score: 0 });
  });

  it('starts the stats of a bot that has none, and an empty session', () => {
    const rows = new MemoryRows();
    apply(rows, 'completeTraining', { score: 185 });
    expect(rows.stored.botSessions).to.have.lengthOf(1);
    expect(rows.stored.botSessions[0]?.sessionData).to.equal('{}');
    expect(statsOf(rows)).to.deep.equal({
      total_trainings: 1,
      best_score: 185,
      last_training_date: noon.toISOString(),
    });
  });

  it('leaves the session, the other stats, and those of other bots', () => {
    const rows = new MemoryRows();
    apply(rows, 'saveSession', { session: { step: 3 }, stats: { streak: 7, total_trainings: 4, best_score: 200 } });
    apply(rows, 'saveSession', { stats: { total_trainings: 9 } }, { bot: 'quiz_bot' });
    apply(rows, 'completeTraining', { score: 185 }, { at: days(1) });
    expect(rows.stored.botSessions[0]?.sessionData).to.equal('{"step":3}');
    expect(statsOf(rows)).to.deep.equal({
      streak: 7,
      total_trainings: 5,
      best_score: 200,
      last_training_date: days(1).toISOString(),
    });
    expect(statsOf(rows, 'quiz_bot')).to.deep.equal({ total_trainings: 9 });
  });

  for (const odd of ['4', null, [4], { of: 4 }, true]) {
    it(`counts from 0 where the bot wrote ${JSON.stringify(odd)} for a number`, () => {
      expect(counted({ total_trainings: odd, best_score: odd }, 5)).to.include({ total_trainings: 1, best_score: 5 });
    });
  }

  it('goes on from fractions and from less than nothing', () => {
    expect(counted({ total_trainings: -2, best_score: -10 }, 5)).to.include({ total_trainings: -1, best_score: 5 });
    expect(counted({ total_trainings: 1.5, best_score: 7.5 }, 5)).to.include({ total_trainings: 2.5, best_score: 7.5 });
  });

  for (const odd of ['yesterday', '', null, 0, 1_768_478_400_000, {}, []]) {
    it(`takes its own moment where the bot wrote ${JSON.stringify(odd)} for the last date`, () => {
      const dated = { last_training_date: days(1).toISOString() };
      expect(counted({ last_training_date: odd }, 5)).to.include(dated);
    });
  }

  it('moves the last date forward, never back, in whatever notation it stands', () => {
    const last = (date: string) => counted({ last_training_date: date }, 5, days(1));
    const same = days(1).toISOString();
    expect(last('2026-01-15T12:00:00+00:00')).to.include({ last_training_date: same });
    expect(last('2026-01-16T15:00:00+03:00')).to.include({ last_training_date: same });
    expect(last('2026-01-17T15:00:00+03:00')).to.include({ last_training_date: days(2).toISOString() });
  });

  it('counts also what arrives late', () => {
    const rows = new MemoryRows();
    apply(rows, 'completeTraining', { score: 10 }, { at: days(2) });
    apply(rows, 'completeTraining', { score: 20 }, { at: days(1) });
    const last_training_date = days(2).toISOString();
    expect(statsOf(rows)).to.deep.equal({ total_trainings: 2, best_score: 20, last_training_date });
    expect(rows.user(1)).to.include({ totalTrainings: 2, totalScore: 30, totalXp: 30 });
  });

  it('makes an older save of the stats come too late, and no save of the session', () => {
    for (const before of [[], [{ session: {}, stats: {} }]]) {
      const rows = new MemoryRows();
      for (const saved of before) apply(rows, 'saveSession', saved);
      apply(rows, 'completeTraining', { score: 10 }, { at: days(2) });
      const late = { stats: { total_trainings: 0 } };
      expect(apply(rows, 'saveSession', late, { at: days(1) })).to.include({ saved: false });
      expect(apply(rows, 'saveSession', { session: { step: 1 } }, { at: days(1) })).to.include({ saved: true });
      expect(statsOf(rows)).to.include({ total_trainings: 1 });
    }
  });

  for (const score of [-1, 1.5, 1_000_000_001, '5', undefined]) {
    it(`refuses a score of ${JSON.stringify(score)}`, () => {
      const operations = [{ name: 'completeTraining', telegramId: 1, score }];
      const problems = refusal(() => checkUnit({ bot: 'spin_bot', key: 'upd-1', at: 1, operations }));
      expect(problems.join()).to.match(/^completeTraining\.score: /);
    });
  }
});
