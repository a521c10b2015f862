import { expect } from 'chai';
import { ApiError, BotLedger, ResultTimeoutError } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { SPIN_TOKEN, startTestApi, type TestApi } from '../api/harness.js';
import { openQueue, startWorker, type TestQueue } from '../helpers/commit-worker.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { rejection } from '../helpers/rejection.js';
import { until } from '../helpers/until.js';

describe('The result of a unit whose job is gone from Redis', () => {
  let api: TestApi;
  let jobs: TestQueue;
  let opened: Closable[];
  let redisUrl: string;

  beforeEach(async () => {
    redisUrl = await freshRedisUrl();
    api = await startTestApi({ redisUrl });
    jobs = openQueue(redisUrl);
    opened = [api, jobs, await startWorker(api.database, redisUrl)];
  });
  afterEach(() => closeAll(opened));

  function open(options: { apiUrl?: string; apiToken?: string }): BotLedger {
    const ledger = new BotLedger({ bot: 'spin_bot', redisUrl, ...options });
    opened.push(ledger);
    return ledger;
  }

  /** A unit that is applied, and whose job is removed before anybody asks. */
  async function applyAndForget(ledger: BotLedger) {
    const receipt = await ledger.unit({ key: 'upd-1' }, (unit) => {
      unit.addXp(7, { xp: 5 });
      unit.awardBadge(7, { badgeType: 'guru' });
    });
    await until(async () => (await jobs.queue.getCompletedCount()) === 1);
    await jobs.queue.clean(0, 100, 'completed');
    return receipt;
  }

  it('comes from the ledger', async () => {
    const receipt = await applyAndForget(open({ apiUrl: api.url, apiToken: SPIN_TOKEN }));
    const [xp, badge] = await receipt.result();
    expect(xp).to.deep.equal({ leveledUp: false, oldLevel: 1, newLevel: 1, totalXp: 5 });
    expect(badge).to.include({ awarded: true });
  });

  it('is an ApiError when the ledger cannot be asked', async () => {
    const receipt = await applyAndForget(open({ apiUrl: 'http://127.0.0.1:1', apiToken: SPIN_TOKEN }));
    expect(await rejection(receipt.result())).to.be.instanceOf(ApiError);
  });

  it('is an ApiError without an API, which says what happened and what helps', async () => {
    const receipt = await applyAndForget(open({}));
    const error = await rejection(receipt.result());
    expect(error).to.be.instanceOf(ApiError).and.include({ status: 0 });
    expect(error.message).to.match(/^The job of "upd-1" is gone from Redis.*: give apiUrl and apiToken/);
  });

  it('is a ResultTimeoutError when the ledger does not know it either', async () => {
    const unknown = await open({ apiUrl: api.url, apiToken: SPIN_TOKEN }).addXp(7, { xp: 5 }, { key: 'upd-2' });
    await until(async () => (await jobs.queue.getCompletedCount()) === 1);
    await jobs.queue.clean(0, 100, 'completed');
    await api.database.sequelize.query('DELETE FROM idempotency_keys');
    expect(await rejection(unknown.result())).to.be.instanceOf(ResultTimeoutError);
  });
});
