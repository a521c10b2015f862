import * as z from 'zod';
import { amount, jsonObject, label, moment } from './fields.js';
import { operation } from './operation.js';

const whole = z.int().min(0).max(1_000_000_000);

/** Keeps a finished training with its scores. */
export const saveTrainingHistory = operation({
  name: 'saveTrainingHistory',
  payload: z.strictObject({
    totalScore: amount,
    clarityLevel: whole,
    questionCount: whole,
    contextualQuestions: whole,
    perTypeCounts: jsonObject.optional(),
    caseData: jsonObject.optional(),
    sessionSnapshot: jsonObject.optional(),
    scenarioName: label.optional(),
    trainingDate: moment.optional(),
  }),
  apply(rows, payload, { telegramId, at }) {
    const { perTypeCounts, caseData, sessionSnapshot, scenarioName = null, trainingDate = at } = payload;
    const { id } = rows.add('trainingHistory', {
      userId: rows.user(telegramId).id,
      telegramId,
      trainingDate,
      scenarioName,
      totalScore: payload.totalScore,
      clarityLevel: payload.clarityLevel,
      questionCount: payload.questionCount,
      contextualQuestions: payload.contextualQuestions,
      perTypeCounts: printed(perTypeCounts),
      caseData: printed(caseData),
      sessionSnapshot: printed(sessionSnapshot),
    });
    return { trainingId: id };
  },
});

const printed = (value: object | undefined) => (value ? JSON.stringify(value) : null);
