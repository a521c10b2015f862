import { expect } from 'chai';
import { BotLedger, ValidationError } from '../../src/index.js';
import { operationNames } from '../../src/operations/registry.js';
import type { JobData } from '../../src/operations/unit.js';
import { startBot, type TestBot } from '../helpers/bot.js';
import { refusal } from '../helpers/refusal.js';
import { rejection } from '../helpers/rejection.js';

describe('BotLedger', () => {
  let bot: TestBot;
  beforeEach(async () => {
    bot = await startBot();
  });
  afterEach(() => bot.close());

  /** What is in the queue, oldest first. */
  const sent = () => bot.jobs.queue.getWaiting();
  const units = async () => (await sent()).flatMap(({ data }) => (data as JobData).units);

  it('has a method for every operation', () => {
    for (const name of operationNames) expect(bot.ledger, name).to.respondTo(name);
  });

  it('resolves once Redis holds the job, which carries the unit under the name of its operation', async () => {
    const before = Date.now();
    const receipt = await bot.ledger.addXp(7, { xp: 5 }, { key: 'upd-1' });
    expect(receipt.key).to.equal('upd-1');
    const jobs = await sent();
    expect(jobs.map(({ name, data }) => [name, data.v, data.units.length])).to.deep.equal([['addXp', 1, 1]]);
    const [unit] = await units();
    expect(unit).to.deep.include({ bot: 'spin_bot', key: 'upd-1' });
    expect(unit?.operations).to.deep.equal([{ name: 'addXp', telegramId: 7, xp: 5 }]);
    expect(unit?.at).to.be.within(before, Date.now());
  });

  it('gives each call a key of its own when none is given', async () => {
    const receipts = await Promise.all([1, 2, 3].map(() => bot.ledger.addXp(7, { xp: 5 })));
    const keys = receipts.map(({ key }) => key);
    expect(new Set(keys).size).to.equal(3);
    expect((await units()).map(({ key }) => key)).to.deep.equal(keys);
  });

  it('needs no payload where every field has a default, and takes options after it all the same', async () => {
    await bot.ledger.consumeAccess(7);
    await bot.ledger.consumeAccess(7, {}, { key: 'training-1' });
    await bot.ledger.incrementTrainings(7, undefined, { key: 'training-2' });
    expect((await units()).slice(1).map(({ key }) => key)).to.deep.equal(['training-1', 'training-2']);
  });

  it('sends a unit of several operations as one, under one key', async () => {
    const receipt = await bot.ledger.unit({ key: 'upd-2' }, (unit) => {
      unit.saveSession(7, { session: { step: 1 } });
      unit.addXp(8, { xp: 5 });
    });
    expect(receipt.key).to.equal('upd-2');
    expect((await sent()).map(({ name }) => name)).to.deep.equal(['saveSession+addXp']);
    expect((await units()).flatMap(({ operations }) => operations)).to.deep.equal([
      { name: 'saveSession', telegramId: 7, session: { step: 1 } },
      { name: 'addXp', telegramId: 8, xp: 5 },
    ]);
  });

  it('packs what is sent while another send is under way, in order', async () => {
    await Promise.all(Array.from({ length: 300 }, (_, number) => bot.ledger.addXp(number, { xp: 1 })));
    expect((await units()).map(({ operations }) => operations[0]?.telegramId)).to.deep.equal(
      Array.from({ length: 300 }, (_, number) => number),
    );
    expect((await sent()).length).to.be.lessThan(10);
    expect((await sent()).slice(1).every(({ name }) => /^pack ×\d+$/.test(name))).to.equal(true);
  });

  it('packs nothing together with a deletion, whose job has to be found and removed by itself', async () => {
    await Promise.all([
      bot.ledger.addXp(1, { xp: 1 }),
      ...[2, 3].map((user) => bot.ledger.addXp(user, { xp: 1 })),
      bot.ledger.deleteUser(1),
      bot.ledger.deleteUser(2),
      ...[4, 5].map((user) => bot.ledger.addXp(user, { xp: 1 })),
    ]);
    expect((await sent()).map(({ name }) => name)).to.deep.equal([
      'addXp',
      'pack ×2',
      'deleteUser',
      'deleteUser',
      'pack ×2',
    ]);
  });

  it('sends many units at once, each with its own key', async () => {
    const receipts = await bot.ledger.enqueueMany(
      [1, 2, 3].map((user) => ({ key: `import-${user}`, build: (unit) => unit.addXp(user, { xp: user }) })),
    );
    expect(receipts.map(({ key }) => key)).to.deep.equal(['import-1', 'import-2', 'import-3']);
    expect(await units()).to.have.lengthOf(3);
  });

  it('never goes back in time, also when the clock does', async () => {
    const now = Date.now;
    try {
      await bot.ledger.saveSession(7, { session: { step: 1 } });
      Date.now = () => now() - 3_600_000;
      await bot.ledger.saveSession(7, { session: { step: 2 } });
    } finally {
      Date.now = now;
    }
    const [first, second] = await units();
    expect(second?.at).to.be.at.least(first?.at ?? Number.NaN);
  });

  it('refuses what does not fit, naming the field, before anything is sent', async () => {
    const { ledger } = bot;
    const untyped = ledger as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const [call, problem] of [
      [() => ledger.addXp(1.5, { xp: 5 }), 'addXp.telegramId: expected int, received number'],
      [() => ledger.addXp(2 ** 53, { xp: 5 }), /^addXp\.telegramId: too big/],
      [() => untyped['addXp']?.(1), 'addXp.xp: expected number, received undefined'],
      [() => untyped['addXp']?.(1, { xp: 5, reason: 'won' }), 'addXp.reason: unknown field, remove it'],
      [() => untyped['touchUser']?.(1, { name: 'Ann' }), 'touchUser.name: unknown field, remove it'],
      [() => untyped['touchUser']?.(1, { telegramId: 2 }), 'touchUser.telegramId: unknown field, remove it'],
      [() => untyped['consumeAccess']?.(1, { key: 'k' }), 'consumeAccess.key: unknown field, remove it'],
      [() => ledger.addXp(1, { xp: 5 }, { key: 'with spaces' }), /^unit\.key: expected 1 to 200 printable/],
      [() => ledger.saveSession(1, { session: { at: new Date() } }), /^saveSession\.session\.at: a Date is not JSON/],
      [() => ledger.saveSession(1, JSON.parse('{"session":{"__proto__":{}}}')), /^saveSession\.session\.__proto__: /],
      [() => ledger.addXp(1, JSON.parse('{"xp":5,"__proto__":{}}')), /^addXp\.__proto__: unknown field/],
      [() => ledger.saveSession(1, { session: { a: 'x'.repeat(300_000) } }), /^operations: \d+ bytes of JSON/],
      [() => ledger.unit({}, () => undefined), /^unit\.operations: too small/],
      [
        () =>
          ledger.enqueueMany([
            { build: (unit) => unit.addXp(1, { xp: 1 }) },
            { build: (unit) => unit.setLevel(1, { level: 0 }) },
          ]),
        /^setLevel\.level: too small/,
      ],
      [() => ledger.enqueue({ name: 'drop', telegramId: 1 }), /^name: unknown operation "drop"/],
    ] as const) {
      const error = await rejection(call() as Promise<unknown>);
      expect(error).to.be.instanceOf(ValidationError);
      if (typeof problem === 'string') expect(error.message).to.equal(problem);
      else expect(error.message).to.match(problem);
    }
    expect(await sent()).to.deep.equal([]);
  });

  it('takes no async function for a unit: what it sends later would be lost', async () => {
    const error = await rejection(bot.ledger.unit({}, async (unit) => unit.addXp(1, { xp: 1 })));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.match(/must not be async/);
    expect(await sent()).to.deep.equal([]);
  });

  it('takes the size limit that it is given', async () => {
    const small = bot.open({ maxUnitBytes: 100 });
    const error = await rejection(small.saveSession(1, { session: { a: 'x'.repeat(100) } }));
    expect(error.message).to.match(/but a unit may have 100: store less, or split it$/);
  });
});

describe('new BotLedger()', () => {
  const settings = ['BOT_NAME', 'REDIS_URL', 'API_URL'];
  const before = settings.map((name) => [name, process.env[name]] as const);
  const restore = () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  beforeEach(() => {
    for (const name of settings) delete process.env[name];
  });
  afterEach(restore);

  it('names everything that is missing at once, each with its remedy', () => {
    expect(refusal(() => new BotLedger())).to.deep.equal([
      'bot: missing, give it or set BOT_NAME',
      'redisUrl: missing, give it or set REDIS_URL',
    ]);
  });

  it('names everything that is wrong at once', () => {
    const options = { bot: 'spin bot', redisUrl: 'localhost:6379', queuePartitions: 65, apiUrl: 'localhost:3000' };
    expect(refusal(() => new BotLedger(options))).to.deep.equal([
      'bot: expected 1 to 64 letters, digits, "_", "." or "-"',
      'redisUrl: must be redis://host:6379, rediss://user:password@host:6379, ' +
        'redis+sentinel://host:26379,host:26379/master-name or redis+cluster://host:7000,host:7001; ' +
        'rediss+sentinel:// and rediss+cluster:// for TLS',
      'queuePartitions: must be a whole number from 1 to 64, as QUEUE_PARTITIONS of the workers',
      'apiUrl: expected http://host:3000 or https://host',
    ]);
  });

  it('reads from the environment what it is not given', async () => {
    process.env['BOT_NAME'] = 'quiz_bot';
    process.env['REDIS_URL'] = 'redis://127.0.0.1:1';
    const [fromEnvironment, given] = [new BotLedger(), new BotLedger({ bot: 'spin_bot' })];
    expect([fromEnvironment.bot, given.bot]).to.deep.equal(['quiz_bot', 'spin_bot']);
    await Promise.all([fromEnvironment.close(), given.close()]);
  });
});
