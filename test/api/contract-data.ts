import { unitJobOptions } from '../../src/queue.js';
import {
  insertBadge,
  insertLedgerRow,
  insertPayment,
  insertPromocode,
  insertSession,
  insertSubscription,
  insertTraining,
  insertUser,
} from '../factories.js';
import { startWorker } from '../helpers/commit-worker.js';
import { until } from '../helpers/until.js';
import type { TestApi } from './harness.js';

export const telegramId = 7_000_000_001;
export const operations = '/v1/bots/spin_bot/operations';

/** For each operation an address that it answers well, after `fill`. */
export const addresses: Record<string, string> = {
  getHealth: '/healthz',
  getReadiness: '/readyz',
  getMetrics: '/metrics',
  getOpenApiDocument: '/openapi.json',
  countUsers: '/v1/users/count',
  getUser: `/v1/users/${telegramId}`,
  getBadges: `/v1/users/${telegramId}/badges?bot=spin_bot&type=spin_master`,
  countBadges: `/v1/users/${telegramId}/badges/count`,
  checkAccess: `/v1/users/${telegramId}/access`,
  getActiveSubscription: `/v1/users/${telegramId}/subscription`,
  getRank: `/v1/users/${telegramId}/rank`,
  getLeaderboard: '/v1/leaderboard?limit=5&offset=0',
  getUserSession: `/v1/bots/spin_bot/users/${telegramId}/session`,
  getSessions: '/v1/bots/spin_bot/sessions?limit=1',
  getPayments: `/v1/users/${telegramId}/payments`,
  getTrainingHistory: `/v1/users/${telegramId}/trainings?limit=1`,
  exportUser: `/v1/users/${telegramId}/export`,
  getPromocode: '/v1/promocodes/newyear2025',
  sendOperations: operations,
  getOperation: `${operations}/applied`,
};

/** More addresses that are answered well, in other words. */
export const others: [id: string, address: string][] = [
  ...['badges', 'access', 'subscription', 'rank', 'payments', 'trainings', 'export'].map((what): [string, string] => [
    Object.keys(addresses).find((id) => addresses[id]?.split('?')[0]?.endsWith(`/${what}`)) ?? '',
    `/v1/users/404/${what}`,
  ]),
  ['getUserSession', '/v1/bots/spin_bot/users/404/session'],
  ['getOperation', `${operations}/waiting`],
  ['getOperation', `${operations}/failed`],
];

export const missing: Record<string, string> = {
  getUser: '/v1/users/404',
  getPromocode: '/v1/promocodes/none',
  getOperation: `${operations}/none`,
};

export const unit = { operations: [{ name: 'addXp', telegramId, xp: 5 }] };

/** A rule that breaks: the end of the new subscription would be after the year 9999. */
export const breaking = { operations: [{ name: 'createSubscription', telegramId, type: 'YEAR' }] };

/** What the addresses above answer from: something of everything. */
export async function fill(api: TestApi): Promise<void> {
  const { database } = api;
  const user = await insertUser(database, { telegramId, username: 'johndoe', totalXp: 150 });
  await insertBadge(database, user, { metadata: { score: 185 } });
  await insertSession(database, user, { sessionData: { question_count: 5 } });
  await insertSubscription(database, user, { endDate: new Date('9999-12-31T00:00:00Z') });
  await insertPayment(database, user);
  await insertTraining(database, user);
  await insertTraining(database, user);
  await insertPromocode(database);
  await insertLedgerRow(database, { key: 'applied', outcomes: [{ totalXp: 150 }], telegramId });

  const send = (key: string, body: unknown) => api.post(operations, body, { headers: { 'idempotency-key': key } });
  const { attempts } = unitJobOptions;
  Object.assign(unitJobOptions, { attempts: 1 });
  await send('failed', breaking);
  Object.assign(unitJobOptions, { attempts });
  const worker = await startWorker(database, api.redisUrl);
  await until(async () => (await api.units.getFailedCount()) === 1);
  await worker.close();
  await send('waiting', unit);
}
