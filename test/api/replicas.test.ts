import { expect } from 'chai';
import { QueryTypes } from 'sequelize';
import { Database } from '../../src/database.js';
import { BotLedger } from '../../src/index.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { startWorker } from '../helpers/commit-worker.js';
import { type Postgres, startPostgres } from '../helpers/postgres.js';
import { until } from '../helpers/until.js';
import { problemOf, SPIN_TOKEN, startTestApi, type TestApi } from './harness.js';

describe('The API on a database with a replica', () => {
  let primary: Postgres;
  let replica: Postgres;
  let database: Database;
  let behind: Database;
  let api: TestApi;
  let ledger: BotLedger;
  const opened: Closable[] = [];

  before(async function () {
    this.timeout(60_000);
    primary = await startPostgres();
    const databaseUrl = await primary.createDatabase('bots');
    const schema = new Database({ url: databaseUrl });
    await schema.migrate();
    await schema.close();
    replica = await startPostgres({ standbyOf: primary });
    database = new Database({ url: databaseUrl, lookupsOnly: true });
    behind = new Database({ url: replica.url('bots') });
    api = await startTestApi({ databaseUrl, env: { DATABASE_REPLICA_URLS: replica.url('bots') } });
    const worker = await startWorker(database, api.redisUrl);
    ledger = new BotLedger({ bot: 'spin_bot', redisUrl: api.redisUrl, apiUrl: api.url, apiToken: SPIN_TOKEN });
    opened.push(primary, replica, database, behind, api, worker, ledger);
  });
  after(() => closeAll(opened));
  afterEach(() => replay('resume').catch(() => undefined));

  const replay = (what: 'pause' | 'resume') => behind.sequelize.query(`SELECT pg_wal_replay_${what}()`);
  const xpIn = async ({ sequelize }: Database, telegramId: number) => {
    const rows = await sequelize.query<{ total_xp: number }>('SELECT total_xp FROM users WHERE telegram_id = $1', {
      type: QueryTypes.SELECT,
      bind: [telegramId],
    });
    return rows[0]?.total_xp;
  };

  it('reads from the replica, which may be behind', async () => {
    await (await ledger.addXp(1, { xp: 5 })).result();
    await until(async () => (await xpIn(behind, 1)) === 5, { what: 'the replica has it' });
    await replay('pause');
    await (await ledger.addXp(1, { xp: 5 })).result();
    expect([await xpIn(database, 1), await xpIn(behind, 1)]).to.deep.equal([10, 5]);
    expect((await ledger.getUser(1))?.totalXp).to.equal(5);
  });

  it('a read after a receipt knows of its unit, however far behind the replica is', async () => {
    await replay('pause');
    const receipt = await ledger.addXp(2, { xp: 7 });
    await receipt.result();
    expect(await ledger.getUser(2)).to.equal(null);
    expect((await ledger.getUser(2, { after: receipt }))?.totalXp).to.equal(7);
    expect((await ledger.getUser(2, { after: receipt.key }))?.totalXp).to.equal(7);
    expect(await ledger.getRank(2, { after: receipt })).to.be.a('number');
    expect((await ledger.getUserSession(2, {}, { after: receipt })).user.totalXp).to.equal(7);
  });

  it('what is put into Redis is read from the primary', async () => {
    await (await ledger.addXp(5, { xp: 7 })).result();
    await until(async () => (await xpIn(behind, 5)) === 7, { what: 'the replica has it' });
    await replay('pause');
    await (await ledger.addXp(5, { xp: 7 })).result();
    expect((await ledger.getUser(5))?.totalXp).to.equal(7);
    for (const times of [1, 2])
      expect([times, (await ledger.getUserSession(5)).user.totalXp]).to.deep.equal([times, 14]);
  });

  it('and is answered by the replica once that knows of it as well', async () => {
    const receipt = await ledger.addXp(3, { xp: 7 });
    await receipt.result();
    await until(async () => (await xpIn(behind, 3)) === 7, { what: 'the replica has it' });
    await replay('pause');
    await (await ledger.addXp(3, { xp: 7 })).result();
    expect((await ledger.getUser(3, { after: receipt }))?.totalXp).to.equal(7);
  });

  it('says what a unit is called when it is asked for one of another form', async () => {
    const response = await api.get('/v1/users/1', { headers: { 'read-after': 'upd-1' } });
    const { status, errors } = await problemOf(response);
    expect([status, errors]).to.deep.equal([400, ['header.read-after: expected <bot>:<key> of a unit']]);
  });

  it('reads from the primary while the replica is away', async function () {
    this.timeout(60_000);
    await (await ledger.addXp(4, { xp: 5 })).result();
    await replica.stop('kill');
    try {
      expect((await ledger.getUser(4))?.totalXp).to.equal(5);
      expect((await ledger.getUser(4, { after: 'upd-4' }))?.totalXp).to.equal(5);
      const told = api.logged.some(({ msg }) => msg === 'replica does not answer: reading the primary');
      expect(told).to.equal(true);
    } finally {
      await replica.start();
    }
  });
});
