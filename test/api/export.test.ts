import { expect } from 'chai';
import type { ExportView } from '../../src/domain/export-view.js';
import { insertLedgerRow, insertSession, insertUser } from '../factories.js';
import { logIn, problemOf, QUIZ_TOKEN, startTestApi, type TestApi } from './harness.js';

const telegramId = 7_000_000_001;
const BOTS = ['quiz_bot', 'spin_bot'];

describe('The export of a user', () => {
  const opened: TestApi[] = [];
  afterEach(async () => {
    for (const api of opened.splice(0)) await api.close();
  });

  /** An API with a user who uses two bots. */
  async function open(env: Record<string, string | undefined> = {}): Promise<TestApi> {
    const api = await startTestApi({ env });
    opened.push(api);
    const user = await insertUser(api.database, { telegramId });
    for (const botName of BOTS) {
      await insertSession(api.database, user, { botName });
      await insertLedgerRow(api.database, { telegramId, botName, key: `of-${botName}` });
    }
    return api;
  }

  async function botsIn(response: Response): Promise<string[][]> {
    expect(response.status).to.equal(200);
    const { sessions, units } = (await response.json()) as ExportView;
    return [sessions, units].map((rows) => rows.map(({ bot }) => bot).sort());
  }

  it("holds a bot's own sessions and units only, when that bot asks", async () => {
    const api = await open();
    expect(await botsIn(await api.get(`/v1/users/${telegramId}/export`))).to.deep.equal([['spin_bot'], ['spin_bot']]);
    const quiz = await api.get(`/v1/users/${telegramId}/export`, { token: QUIZ_TOKEN });
    expect(await botsIn(quiz)).to.deep.equal([['quiz_bot'], ['quiz_bot']]);
  });

  it('holds those of all bots for the token of every bot', async () => {
    const api = await open({ API_TOKENS: undefined });
    const all = await api.get(`/v1/users/${telegramId}/export`, { token: api.developmentToken });
    expect(await botsIn(all)).to.deep.equal([BOTS, BOTS]);
  });

  it('holds those of all bots for the admin, who has to log in', async () => {
    const api = await open();
    const address = `${api.url}/admin/users/${telegramId}/export`;
    expect(await problemOf(await fetch(address))).to.include({ status: 401 });
    const headers = await logIn(api);
    const answer = await fetch(address, { headers });
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    expect(await botsIn(answer)).to.deep.equal([BOTS, BOTS]);
    const wrong = await fetch(`${api.url}/admin/users/ann/export`, { headers });
    expect(await problemOf(wrong)).to.include({ status: 400 });
  });
});
