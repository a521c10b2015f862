import { expect } from 'chai';
import { type PlannedRow, planRow } from '../../../src/cli/import/plan.js';
import type { Row } from '../../../src/cli/import/rows.js';
import { collectOperations } from '../../../src/client/unit-builder.js';
import { refusal } from '../../helpers/refusal.js';

const plan = (id: string, value: unknown, more: Partial<Row> = {}): PlannedRow =>
  planRow(
    { id, value, line: 1, offset: 0, bytes: 10, inexact: undefined, ...more },
    { bot: 'spin_bot', at: new Date(0), maxUnitBytes: 10_000 },
  );

const session = { question_count: 5 };
const stats = { total_xp: 500, current_level: 3, total_trainings: 4, total_score: 70, best_score: 50 };

describe('a row becomes a unit', () => {
  it('that adds up what is shared, and saves what is the bot’s', () => {
    const { key, build, adds, level } = plan('9000000001', { session, stats });
    expect(key).to.equal('import-9000000001');
    expect({ adds, level }).to.deep.equal({ adds: { xp: 500, trainings: 4, score: 70 }, level: 3 });
    expect(collectOperations(build)).to.deep.equal([
      { name: 'addXp', telegramId: 9000000001, xp: 500, levels: [{ level: 3, minXp: 0 }] },
      { name: 'incrementTrainings', telegramId: 9000000001, by: 4 },
      { name: 'addScore', telegramId: 9000000001, score: 70 },
      { name: 'saveSession', telegramId: 9000000001, session, stats },
    ]);
  });

  it('of the same content in every run, whatever the order of its fields', () => {
    const { contentHash } = plan('1', { session: { a: 1, b: 2 }, stats });
    expect(plan('1', { stats, session: { b: 2, a: 1 } }, { line: 7, offset: 99 }).contentHash).to.equal(contentHash);
    expect(plan('1', { session: { a: 1, b: 3 }, stats }).contentHash).not.to.equal(contentHash);
  });

  it('of less, when there is less', () => {
    const names = (value: unknown) => collectOperations(plan('1', value).build).map(({ name }) => name);
    expect(names({ session })).to.deep.equal(['saveSession']);
    expect(names({ session: null, stats: { total_xp: 0, total_trainings: 0 } })).to.deep.equal(['saveSession']);
    expect(names({ stats: { total_xp: 150 } })).to.deep.equal(['addXp', 'saveSession']);
    expect(names({ stats: { current_level: 2 } })).to.deep.equal(['addXp', 'saveSession']);
  });

  for (const { id = '1', value = { session, stats }, inexact, problem } of [
    { id: 'abc', problem: 'the key is no Telegram id: expected a whole number' },
    { id: '', problem: 'the key is no Telegram id: expected a whole number' },
    { id: '12.5', problem: 'the key is no Telegram id: expected a whole number' },
    { id: '007', problem: 'the key is no Telegram id: expected a whole number' },
    { id: '9007199254740993', problem: 'the Telegram id is beyond the safe integers' },
    { value: 7, problem: 'user: expected object, received number' },
    { value: [], problem: 'user: expected object, received array' },
    { value: {}, problem: 'user: neither session nor stats' },
    { value: { session, stats, payments: [] }, problem: 'user.payments: unknown field, remove it' },
    { value: { session: 'text' }, problem: 'user.session: expected object, received string' },
    { value: { session, stats: [1] }, problem: 'user.stats: expected object, received array' },
    { value: { stats: { total_xp: '500' } }, problem: 'user.stats.total_xp: expected number, received string' },
    { value: { stats: { total_xp: -1 } }, problem: 'user.stats.total_xp: too small: expected number to be >=0' },
    { value: { stats: { total_xp: 1.5 } }, problem: 'user.stats.total_xp: expected int, received number' },
    { value: { stats: { current_level: 0 } }, problem: 'user.stats.current_level: too small' },
    {
      value: { stats: { total_trainings: -1 } },
      problem: 'user.stats.total_trainings: too small',
    },
    { value: { stats: { total_score: 1e15 } }, problem: 'user.stats.total_score: too big' },
    { value: { session: { text: 'x'.repeat(10_000) } }, problem: 'a unit may have 10000: store less' },
    { inexact: '12345678901234567890', problem: 'the number 12345678901234567890 has more digits' },
  ]) {
    it(`unless it does not fit: ${id} ${JSON.stringify(value).slice(0, 40)}: ${problem}`, () => {
      expect(refusal(() => plan(id, value, { inexact })).join('; ')).to.contain(problem);
    });
  }
});
