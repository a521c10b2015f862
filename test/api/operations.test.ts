import type { Job } from 'bullmq';
import { expect } from 'chai';
import type { JobData } from '../../src/operations/unit.js';
import { unitJobOptions } from '../../src/queue.js';
import { until } from '../helpers/until.js';
import { addXp, eachApi, named, PATH, waiting } from './each-api.js';
import { SPIN_TOKEN } from './harness.js';

const ISSUED_KEY = /^[0-9A-HJKMNP-TV-Z]{26}$/;

const levelTwo = { leveledUp: true, oldLevel: 1, newLevel: 2, totalXp: 150 };

describe('Operations over HTTP', () => {
  const given = eachApi();
  const { send, work, xpOf } = given;

  it('are accepted under a key of their own, and say where to ask about them', async () => {
    const response = await send(addXp(150));
    expect(response.status).to.equal(202);
    expect(response.headers.get('preference-applied')).to.equal(null);
    const { key, status } = (await response.json()) as { key: string; status: string };
    expect(status).to.equal('waiting');
    expect(key).to.match(ISSUED_KEY);

    const location = response.headers.get('location') as string;
    expect(location).to.equal(`${PATH}/${key}`);
    expect(await (await given.api.get(location)).json()).to.deep.equal({ key, status: 'waiting' });
    await work();
    const applied = { key, status: 'applied', outcomes: [levelTwo] };
    await until(
      async () => ((await (await given.api.get(location)).json()) as { status: string }).status === 'applied',
    );
    expect(await (await given.api.get(location)).json()).to.deep.equal(applied);
  });

  it('wait in the queue like those of the SDK, in the name of their bot', async () => {
    const at = Date.now();
    await send(addXp(150), named('upd-1'));
    const [job] = (await given.api.units.getWaiting()) as [Job<JobData>];
    expect(job.name).to.equal('addXp');
    expect(job.opts).to.include({ attempts: unitJobOptions.attempts });
    const { v, units } = job.data;
    expect([v, units.length]).to.deep.equal([1, 1]);
    expect(units[0]).to.deep.include({ bot: 'spin_bot', key: 'upd-1', ...addXp(150) });
    expect(units[0]?.at).to.be.within(at, Date.now());
  });

  for (const key of ['upd-4711', 'a:b', '42', 'a/b?c=d#e', '100%25', '"quoted"', '~', '...', 'x'.repeat(200)]) {
    it(`take the key ${key.slice(0, 20)} and find it again`, async () => {
      const response = await send(addXp(1), named(key));
      expect(await response.json()).to.deep.equal({ key, status: 'waiting' });
      const found = await given.api.get(response.headers.get('location') as string);
      expect(await found.json()).to.deep.equal({ key, status: 'waiting' });
    });
  }

  it('answer with the outcomes when the client would rather wait', async () => {
    await work();
    const body = { operations: [addXp(150).operations[0], { name: 'addScore', telegramId: 7, score: 6 }] };
    const response = await send(body, { ...named('upd-1'), prefer: 'respond-async, wait=5' });
    expect(response.status).to.equal(200);
    expect(response.headers.get('preference-applied')).to.equal('wait=5');
    expect(response.headers.get('location')).to.equal(`${PATH}/upd-1`);
    const outcomes = [levelTwo, { totalScore: 6 }];
    expect(await response.json()).to.deep.equal({ key: 'upd-1', status: 'applied', outcomes });
  });

  it('answer 202 when the time is over, and not much later', async () => {
    const start = performance.now();
    const response = await send(addXp(150), waiting(1));
    expect(response.status).to.equal(202);
    expect(response.headers.get('preference-applied')).to.equal('wait=1');
    expect(performance.now() - start).to.be.within(900, 2_000);
  });

  it('take preferences as what they are: what is odd is left alone, what is long is cut', async () => {
    for (const prefer of ['wait', 'wait=', 'wait=-1', 'wait=soon', 'return=minimal', ',,;', 'waits=5']) {
      const response = await send(addXp(1), { prefer });
      expect([response.status, response.headers.get('preference-applied')], prefer).to.deep.equal([202, null]);
    }
    await work();
    for (const prefer of ['wait=3600', 'WAIT = "3600" ;x=y', 'wait=30, wait=0']) {
      expect((await send(addXp(1), { prefer })).headers.get('preference-applied'), prefer).to.equal('wait=30');
    }
    expect((await send(addXp(1), waiting(0))).headers.get('preference-applied')).to.equal('wait=0');
  });

  it('are applied once, however often and from however many sides they come', async () => {
    await work();
    await work();
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, index) => send(addXp(150), { ...named('upd-1'), ...waiting(index % 2 ? 5 : 0) })),
    );
    for (const response of responses) {
      expect(response.status).to.be.oneOf([200, 202]);
      const { outcomes } = (await response.json()) as { outcomes?: unknown };
      if (response.status === 200) expect(outcomes).to.deep.equal([levelTwo]);
    }
    const again = await send(addXp(150), named('upd-1'));
    expect([again.status, await again.json()]).to.deep.equal([
      200,
      { key: 'upd-1', status: 'applied', outcomes: [levelTwo] },
    ]);
    expect(await xpOf(7)).to.equal(150);
  });

  it('are applied again neither by the SDK nor after it, under one key', async () => {
    const bot = await given.startBot();
    await work();
    await (await bot.ledger.addXp(7, { xp: 150 }, { key: 'upd-1' })).result();
    expect((await send(addXp(150), named('upd-1'))).status).to.equal(200);
    await send(addXp(1), { ...named('upd-2'), ...waiting() });
    expect(await (await bot.ledger.addXp(7, { xp: 1 }, { key: 'upd-2' })).result()).to.include({ totalXp: 151 });
    expect(await xpOf(7)).to.equal(151);
  });

  it('let go of a client that goes away, and of all when the API closes', async () => {
    const leave = new AbortController();
    const left = fetch(given.api.url + PATH, {
      method: 'POST',
      body: JSON.stringify(addXp(1)),
      headers: { authorization: `Bearer ${SPIN_TOKEN}`, 'content-type': 'application/json', ...waiting(30) },
      signal: leave.signal,
    }).catch((error: Error) => error.name);
    const stays = send(addXp(2), waiting(30));
    await until(async () => (await given.api.units.getWaitingCount()) === 2);
    leave.abort();
    expect(await left).to.equal('AbortError');

    const start = performance.now();
    await given.close();
    expect((await stays).status).to.equal(202);
    expect(performance.now() - start).to.be.below(2_000);
  });
});
