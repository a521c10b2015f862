import { QueryTypes } from 'sequelize';
import type { Database } from '../../src/database.js';
import type { WireOperation } from '../../src/operations/unit.js';

/** What stands in every text and every JSON of a user, so that whatever is left of it can be found. */
export const secretOf = (telegramId: number): string => `secret of ${telegramId}`;

/** Operations that leave a row of this user in every table, and text of theirs wherever text can be. */
export function fullLife(telegramId: number): WireOperation[] {
  const secret = secretOf(telegramId);
  const json = { [secret]: [secret] };
  const scores = { totalScore: 185, clarityLevel: 92, questionCount: 8, contextualQuestions: 3 };
  const payment = { provider: 'yookassa', amount: '990', description: secret, metadata: json };
  const operations: (Omit<WireOperation, 'telegramId'> & { name: string })[] = [
    { name: 'touchUser', username: secret, firstName: secret, lastName: secret },
    { name: 'saveSession', session: json, stats: json },
    { name: 'awardBadge', badgeType: secret, metadata: json },
    { name: 'completeTraining', score: 185 },
    {
      name: 'saveTrainingHistory',
      ...scores,
      scenarioName: secret,
      perTypeCounts: json,
      caseData: json,
      sessionSnapshot: json,
    },
    { name: 'createSubscription', type: 'YEAR', autoRenew: true },
    { name: 'addFreeTrainings', count: 3, source: 'CHANNEL' },
    { name: 'recordPayment', ...payment, paymentId: `p-1-${telegramId % 10}`, tariff: 'month', status: 'COMPLETED' },
    { name: 'recordPayment', ...payment, paymentId: `p-2-${telegramId % 10}`, tariff: 'credits_5', status: 'PENDING' },
    { name: 'redeemPromocode', code: 'NEWYEAR2025' },
  ];
  return operations.map((operation) => ({ ...operation, telegramId }));
}

/** The code that a full life redeems. */
export const createCode: WireOperation = { name: 'createPromocode', code: 'NEWYEAR2025', type: 'TRAININGS', value: 3 };

/** Everything in the database, by table, straight from it. */
export async function dump({ sequelize }: Database): Promise<Map<string, string[]>> {
  const tables = await sequelize.getQueryInterface().showAllTables();
  const names = tables.map((table) => (typeof table === 'string' ? table : (table as { tableName: string }).tableName));
  const rows = new Map<string, string[]>();
  for (const name of names.filter((table) => table !== 'SequelizeMeta').sort()) {
    const all = await sequelize.query<object>(`SELECT * FROM ${name}`, { type: QueryTypes.SELECT });
    rows.set(
      name,
      all.map((row) => JSON.stringify(row)),
    );
  }
  return rows;
}

/** The tables that hold something of this kind. */
export function tablesWith(dumped: Map<string, string[]>, what: string | RegExp): string[] {
  return [...dumped].filter(([, rows]) => rows.some((row) => row.search(what) >= 0)).map(([name]) => name);
}
