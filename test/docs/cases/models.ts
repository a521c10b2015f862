import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { models, type User } from '../../../src/models/index.js';
import type { Fleet } from '../fleet.js';
import { type Case, type Cases, outcome } from './case.js';
import { expiresAt, fields, internal, json, someId, someMoment, trainingDate } from './fields.js';

/** Where the row stands, and what its reader answers. */
interface Field {
  table: string;
  column: string;
  value: unknown;
}

/** The users whose rows are looked at: one with everything, one with credits only. */
const lives = new WeakMap<Fleet, Promise<{ full: number; credits: number }>>();

async function live({ spin, someone }: Fleet) {
  const [full, credits] = [someone(), someone()];
  const scores = { totalScore: 185, clarityLevel: 92, questionCount: 8, contextualQuestions: 3 };
  const training = { ...scores, trainingDate, scenarioName: 'spin_sales', perTypeCounts: json, caseData: json };
  const payment = { provider: 'yookassa', paymentId: 'p-1', amount: '990.5', tariff: 'month' };
  await outcome(
    spin.unit({}, (unit) => {
      unit.createPromocode({ code: 'NewYear2025', type: 'TRAININGS', value: 2, maxUses: 100, expiresAt });
      unit.touchUser(full, { username: 'johndoe', firstName: 'John', lastName: 'Doe' });
      unit.saveSession(full, { session: { question_count: 5 }, stats: { best_score: 185 } });
      unit.awardBadge(full, { badgeType: 'spin_master', metadata: { score: 185, streak: 5 } });
      unit.addXp(full, { xp: 150 });
      unit.incrementTrainings(full, { by: 3 });
      unit.addScore(full, { score: 40 });
      unit.recordPayment(full, { ...payment, status: 'COMPLETED' });
      unit.addFreeTrainings(full, { count: 3, source: 'CHANNEL' });
      unit.redeemPromocode(full, { code: 'newyear2025' });
      unit.saveTrainingHistory(full, { ...training, sessionSnapshot: json });
      unit.createSubscription(credits, { type: 'CREDITS', credits: 5 });
      unit.consumeAccess(credits);
    }),
  );
  return { full, credits };
}

const fieldCase =
  ({ table, column, value }: Field): Case =>
  async (fleet, row) => {
    if (!lives.has(fleet)) lives.set(fleet, live(fleet));
    const { full, credits } = (await lives.get(fleet)) as { full: number; credits: number };
    const telegramId = column.startsWith('credits_') ? credits : full;
    const stored = await storedValue(fleet, { table, column }, telegramId);
    if (value === internal) {
      expect(row).to.equal('–');
      expect(stored).to.be.a('number');
      return;
    }
    const read = await readAs(row, fleet, telegramId);
    expect(normalised(stored, read), 'as in the database').to.deep.equal(read);
    if (value === someMoment) expect(new Date(String(read)).toISOString()).to.equal(read);
    else if (value === someId) expect(read).to.be.a('number').greaterThan(0);
    else expect(read).to.deep.equal(value);
  };

async function storedValue({ database }: Fleet, { table, column }: Omit<Field, 'value'>, telegramId: number) {
  const owner = { users: 'WHERE t.telegram_id = ?', promocodes: '' }[table];
  const where = owner ?? 'JOIN users u ON u.id = t.user_id WHERE u.telegram_id = ? ORDER BY t.id';
  const rows = await database.sequelize.query<{ value: unknown }>(
    `SELECT t.${column} AS value FROM ${table} t ${where}`,
    {
      type: QueryTypes.SELECT,
      replacements: [telegramId],
    },
  );
  return rows[0]?.value;
}

/** A value as SQLite holds it, as the SDK shows it. */
function normalised(stored: unknown, read: unknown): unknown {
  if (typeof read === 'boolean') return Boolean(stored);
  if (typeof read === 'object') return JSON.parse(String(stored));
  if (typeof stored === 'number' && typeof read === 'string') return stored.toFixed(2);
  return /^\d{4}-\d\d-\d\d /.test(String(stored)) ? new Date(String(stored)).toISOString() : stored;
}

/** Reads as a cell of the document says: `getBadges()[0].badgeType`. */
async function readAs(cell: string, { spin }: Fleet, telegramId: number): Promise<unknown> {
  const [, method = '', argument, path = ''] = /^`(\w+)\((?:'(\w+)')?\)(.*)`$/.exec(cell) ?? [];
  const read = (spin as unknown as Record<string, (of: number | string) => Promise<unknown>>)[method];
  expect(read, `ledger.${method}, which ${cell} names`).to.be.a('function');
  const steps = path.match(/\w+/g) ?? [];
  const answer = await read?.(argument ?? telegramId);
  return steps.reduce((at, step) => (at as Record<string, unknown>)[step], answer);
}

const relation =
  (count: number): Case =>
  async (fleet, row) => {
    if (!lives.has(fleet)) lives.set(fleet, live(fleet));
    const { full } = (await lives.get(fleet)) as { full: number };
    expect(await readAs(row, fleet, full)).to.have.lengthOf(count);
  };

const modelCase =
  (name: string): Case =>
  async ({ database }, row) => {
    const model = models.find((candidate) => candidate.name === name) as typeof User;
    expect(`\`${database.sequelize.getRepository(model).getTableName()}\``).to.equal(row);
    expect(await database.sequelize.getRepository(model).findAll({ limit: 1 })).to.be.an('array');
  };

const casesOf = (table: string, columns: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(columns).map(([column, value]) => [column, fieldCase({ table, column, value })]));

const modelNames = [
  'User',
  'UserBadge',
  'BotSession',
  'Subscription',
  'Payment',
  'Promocode',
  'PromocodeUsage',
  'FreeTraining',
  'TrainingHistory',
];

export const modelCases: Cases = {
  Models: Object.fromEntries(modelNames.map((name) => [name, modelCase(name)])),
  'Relationships of User': {
    badges: relation(1),
    subscriptions: relation(1),
    payments: relation(1),
    bot_sessions: relation(1),
  },
  ...Object.fromEntries(Object.entries(fields).map(([table, columns]) => [table, casesOf(table, columns)])),
};
