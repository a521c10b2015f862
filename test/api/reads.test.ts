import { Worker } from 'bullmq';
import { expect } from 'chai';
import { jobIdOf } from '../../src/api/units/job-id.js';
import { UNITS_QUEUE } from '../../src/queue.js';
import { insertBadge, insertLedgerRow, insertSession, insertSubscription, insertUser, NOON } from '../factories.js';
import { dialects } from '../helpers/databases.js';
import { until } from '../helpers/until.js';
import { startTestApi, type TestApi } from './harness.js';

for (const dialect of dialects) {
  describe(`HTTP reads on ${dialect}`, () => {
    let api: TestApi;
    const telegramId = 7_000_000_001;

    before(async () => {
      api = await startTestApi({ dialect });
      const user = await insertUser(api.database, { telegramId, username: 'johndoe', totalXp: 150 });
      await insertUser(api.database, { telegramId: 2, totalXp: 90 });
      await insertBadge(api.database, user);
      await insertSession(api.database, user, { sessionData: { question_count: 5 } });
      await insertSubscription(api.database, user, { endDate: new Date('2099-01-01T00:00:00Z') });
      await insertLedgerRow(api.database, { key: 'upd-1', outcomes: [{ totalXp: 150 }] });
    });
    after(() => api.close());

    const answer = async (path: string): Promise<unknown> => {
      const response = await api.get(path);
      expect(response.status, path).to.equal(200);
      return response.json();
    };

    it('answers a user, and what belongs to them', async () => {
      const user = {
        telegramId,
        username: 'johndoe',
        firstName: null,
        lastName: null,
        registrationDate: NOON.toISOString(),
        lastActivity: NOON.toISOString(),
        totalXp: 150,
        level: 1,
        totalTrainings: 0,
        totalScore: 0,
      };
      const path = `/v1/users/${telegramId}`;
      expect(await answer(path)).to.deep.equal(user);
      expect(await answer(`${path}/badges`)).to.have.nested.property('badges[0].badgeType', 'spin_master');
      expect(await answer(`${path}/badges?bot=quiz_bot`)).to.deep.equal({ badges: [] });
      expect(await answer(`${path}/access`)).to.include({ hasAccess: true, accessType: 'subscription' });
      expect(await answer(`${path}/subscription`)).to.have.nested.property('subscription.type', 'MONTH');
      expect(await answer(`${path}/rank`)).to.deep.equal({ rank: 1 });
      expect(await answer('/v1/users/count')).to.deep.equal({ count: 2 });
      expect(await answer(`/v1/bots/spin_bot/users/${telegramId}/session`)).to.deep.equal({
        user,
        session: { question_count: 5 },
        stats: {},
        sessionAt: '2025-01-15T12:00:00.000Z',
        statsAt: '2025-01-15T12:00:00.000Z',
      });
    });

    it('answers a stranger with nothing, and 404 for the user alone', async () => {
      expect((await api.get('/v1/users/404')).status).to.equal(404);
      expect(await answer('/v1/users/404/badges')).to.deep.equal({ badges: [] });
      expect(await answer('/v1/users/404/rank')).to.deep.equal({ rank: null });
      expect(await answer('/v1/users/404/subscription')).to.deep.equal({ subscription: null });
      expect(await answer('/v1/users/404/access')).to.deep.equal({ hasAccess: false, accessType: null, details: {} });
      const session = await answer('/v1/bots/spin_bot/users/404/session');
      expect(session).to.deep.equal({ user: null, session: {}, stats: {}, sessionAt: null, statsAt: null });
    });

    it('answers the leaderboard in pages', async () => {
      const page = (await answer('/v1/leaderboard?limit=1&offset=1')) as { users: object[]; total: number };
      expect(page.total).to.equal(2);
      expect(page.users).to.have.length(1);
      expect(page.users[0]).to.include({ rank: 2, telegramId: 2, totalXp: 90 });
    });

    it('answers what became of a unit', async () => {
      const operation = (key: string) => answer(`/v1/bots/spin_bot/operations/${key}`);
      const add = (key: string) =>
        api.units.add('addXp', { v: 1, units: [] }, { attempts: 1, jobId: jobIdOf('spin_bot', key) });
      await add('upd-2');
      expect(await operation('upd-1')).to.deep.equal({ key: 'upd-1', status: 'applied', outcomes: [{ totalXp: 150 }] });
      expect(await operation('upd-2')).to.deep.equal({ key: 'upd-2', status: 'waiting' });
      expect((await api.get('/v1/bots/spin_bot/operations/upd-3')).status).to.equal(404);

      const fail = async () => {
        throw new Error('TypeError: no such level');
      };
      const connection = api.units.opts.connection;
      const worker = new Worker(UNITS_QUEUE, fail, { connection });
      const failed = await until(async () => {
        const state = await operation('upd-2');
        return (state as { status: string }).status === 'failed' ? state : undefined;
      });
      expect(failed).to.deep.equal({ key: 'upd-2', status: 'failed', reason: 'TypeError: no such level' });
      await worker.close();
    });

    it('forgets a unit that was done so long ago that the ledger has forgotten it', async () => {
      await api.units.add('addXp', { v: 1, units: [] }, { jobId: jobIdOf('spin_bot', 'upd-9') });
      const worker = new Worker(UNITS_QUEUE, async () => [], { connection: api.units.opts.connection });
      await until(async () => (await api.get('/v1/bots/spin_bot/operations/upd-9')).status === 404);
      await worker.close();
    });
  });
}
