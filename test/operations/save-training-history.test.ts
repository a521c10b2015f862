import { expect } from 'chai';
import { checkUnit } from '../../src/operations/unit.js';
import { apply, days, MemoryRows, noon } from '../helpers/memory-rows.js';
import { refusal } from '../helpers/refusal.js';

const scores = { totalScore: 185, clarityLevel: 92, questionCount: 8, contextualQuestions: 3 };

const problemsOf = (payload: object) => {
  const operations = [{ name: 'saveTrainingHistory', telegramId: 1, ...payload }];
  return refusal(() => checkUnit({ bot: 'spin_bot', key: 'upd-1', at: 1, operations })).join('; ');
};

describe('saveTrainingHistory', () => {
  it('keeps the scores, made at the moment of the operation unless told otherwise', () => {
    const rows = new MemoryRows();
    expect(apply(rows, 'saveTrainingHistory', scores, { telegramId: -77 })).to.deep.equal({ trainingId: 1 });
    expect(rows.stored.trainingHistory).to.deep.equal([
      {
        id: 1,
        userId: rows.user(-77).id,
        telegramId: -77,
        trainingDate: noon,
        scenarioName: null,
        ...scores,
        perTypeCounts: null,
        caseData: null,
        sessionSnapshot: null,
      },
    ]);
  });

  it('keeps everything else that is given, as JSON', () => {
    const rows = new MemoryRows();
    apply(rows, 'saveTrainingHistory', {
      ...scores,
      scenarioName: 'Продажа CRM',
      perTypeCounts: { situational: 3 },
      caseData: { client: 'ООО «Ромашка»' },
      sessionSnapshot: {},
    });
    expect(rows.stored.trainingHistory[0]).to.include({
      scenarioName: 'Продажа CRM',
      perTypeCounts: '{"situational":3}',
      caseData: '{"client":"ООО «Ромашка»"}',
      sessionSnapshot: '{}',
    });
  });

  for (const trainingDate of [days(-3), days(-3).toISOString(), '2026-01-12T15:00:00+03:00', '2026-01-12T12:00:00Z']) {
    it(`takes ${trainingDate instanceof Date ? 'a Date' : trainingDate} for its date`, () => {
      const rows = new MemoryRows();
      apply(rows, 'saveTrainingHistory', { ...scores, trainingDate });
      expect(rows.stored.trainingHistory[0]?.trainingDate).to.deep.equal(days(-3));
    });
  }

  it('keeps each training, also one like another', () => {
    const rows = new MemoryRows();
    const outcomes = [1, 2].map(() => apply(rows, 'saveTrainingHistory', scores));
    expect(outcomes).to.deep.equal([{ trainingId: 1 }, { trainingId: 2 }]);
    expect(rows.stored.trainingHistory).to.have.lengthOf(2);
  });

  it('leaves the counters to completeTraining', () => {
    const rows = new MemoryRows();
    apply(rows, 'saveTrainingHistory', scores);
    expect(rows.user(1)).to.include({ totalTrainings: 0, totalScore: 0, totalXp: 0 });
  });

  it('may score less than nothing, and nothing else may be', () => {
    expect(apply(new MemoryRows(), 'saveTrainingHistory', { ...scores, totalScore: -5 })).to.have.property(
      'trainingId',
    );
    for (const field of ['clarityLevel', 'questionCount', 'contextualQuestions']) {
      expect(problemsOf({ ...scores, [field]: -1 })).to.match(new RegExp(`^saveTrainingHistory\\.${field}: too small`));
      expect(problemsOf({ ...scores, [field]: 1.5 })).to.match(new RegExp(`^saveTrainingHistory\\.${field}: .*int`));
    }
  });

  it('misses no score in silence', () => {
    expect(problemsOf({})).to.equal(
      Object.keys(scores)
        .map((field) => `saveTrainingHistory.${field}: expected number, received undefined`)
        .join('; '),
    );
  });

  for (const trainingDate of ['yesterday', '2026-01-12', '2026-01-12T15:00:00', 1_768_219_200_000, new Date('x'), '']) {
    it(`refuses ${JSON.stringify(trainingDate)} for a date, and says what one looks like`, () => {
      expect(problemsOf({ ...scores, trainingDate })).to.equal(
        'saveTrainingHistory.trainingDate: expected a moment like "2026-01-15T12:00:00Z"',
      );
    });
  }

  for (const trainingDate of [
    new Date(8.64e15),
    new Date(-8.64e15),
    '0000-06-01T00:00:00Z',
    '9999-12-31T23:00:00-02:00',
  ]) {
    it(`refuses a date that no database has: ${trainingDate instanceof Date ? +trainingDate : trainingDate}`, () => {
      expect(problemsOf({ ...scores, trainingDate })).to.equal(
        'saveTrainingHistory.trainingDate: expected a moment in the years 1 to 9999',
      );
    });
  }
});
