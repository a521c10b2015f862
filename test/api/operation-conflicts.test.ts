import { expect } from 'chai';
import { insertLedgerRow } from '../factories.js';
import { until } from '../helpers/until.js';
import { addXp, eachApi, named, waiting } from './each-api.js';
import { problemOf, QUIZ_TOKEN } from './harness.js';

describe('Operations over HTTP under a key of something else', () => {
  const given = eachApi();
  const { send, work, xpOf } = given;

  const conflict = async (response: Response) => {
    expect(await problemOf(response)).to.include({ status: 409 });
  };

  it('are refused while that waits', async () => {
    await send(addXp(150), named('upd-1'));
    await conflict(await send(addXp(151), named('upd-1')));
    expect(await given.api.units.getWaitingCount()).to.equal(1);
  });

  it('are refused once that is applied, and when Redis has forgotten it', async () => {
    await work();
    await send(addXp(150), { ...named('upd-1'), ...waiting() });
    await conflict(await send(addXp(151), named('upd-1')));
    await given.api.units.obliterate({ force: true });
    await conflict(await send(addXp(151), named('upd-1')));
    expect(await given.api.units.getWaitingCount()).to.equal(0);
    expect((await send(addXp(150), named('upd-1'))).status).to.equal(200);
    expect(await xpOf(7)).to.equal(150);
  });

  it('are refused all but one when they come at the same moment', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, (_, xp) => send(addXp(xp), named('upd-1'))));
    expect(responses.map(({ status }) => status).sort()).to.deep.equal([202, ...Array(19).fill(409)]);
  });

  it('are none for another bot, nor for another order of fields', async () => {
    await send(addXp(150), named('upd-1'));
    const other = { headers: named('upd-1'), token: QUIZ_TOKEN };
    expect((await given.api.post('/v1/bots/quiz_bot/operations', addXp(151), other)).status).to.equal(202);
    const reordered = '{ "operations": [ { "xp": 150, "telegramId": 7, "name": "addXp" } ] }';
    expect((await send(reordered, named('upd-1'))).status).to.equal(202);
    expect(await given.api.units.getWaitingCount()).to.equal(2);
  });

  it('are refused also when the commit alone finds out', async () => {
    const response = send(addXp(151), { ...named('upd-1'), ...waiting() });
    await until(async () => (await given.api.units.getWaitingCount()) === 1);
    await insertLedgerRow(given.api.database, { key: 'upd-1' });
    await work();
    await conflict(await response);
  });
});
