import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, propagation, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { BullMQOtel } from 'bullmq-otel';
import { expect } from 'chai';
import { BotLedger } from '../src/index.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import { startTestApi } from './api/harness.js';
import { openQueue, startWorker, type TestQueue } from './helpers/commit-worker.js';
import { type FreshDatabase, freshDatabase } from './helpers/databases.js';
import { freshRedisUrl, startRedis } from './helpers/redis.js';
import { until } from './helpers/until.js';

describe('Traces', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let fresh: FreshDatabase;
  let redisUrl: string;
  let queue: TestQueue;
  let opened: Closable[];

  before(() => provider.register());
  after(async () => {
    for (const api of [trace, context, propagation]) api.disable();
    await provider.shutdown();
  });

  beforeEach(async () => {
    exporter.reset();
    fresh = await freshDatabase('sqlite');
    redisUrl = await freshRedisUrl();
    queue = openQueue(redisUrl);
    opened = [fresh, queue];
  });
  afterEach(() => closeAll(opened));

  function open(telemetry = true): BotLedger {
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl, ...(telemetry ? { telemetry: new BullMQOtel() } : {}) });
    opened.push(bot);
    return bot;
  }
  const work = async (env = { TRACING: 'true' }) => {
    opened.push(await startWorker(fresh.database, redisUrl, { env }));
  };
  /** Does something as the handler of an update would, in a trace of its own. */
  const inTrace = <T>(name: string, handle: () => Promise<T>): Promise<T> =>
    trace.getTracer('bot').startActiveSpan(name, async (span) => {
      try {
        return await handle();
      } finally {
        span.end();
      }
    });
  const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  /** The names of the spans from one up to the root of its trace. */
  const ancestry = (span: ReadableSpan | undefined): string[] => {
    if (!span) return [];
    const parent = exporter
      .getFinishedSpans()
      .find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
    return [span.name, ...ancestry(parent)];
  };

  it('lead from the update of a bot through the queue to the commit', async () => {
    await work();
    await inTrace('update', async () => (await open().addXp(1, { xp: 5 })).result());
    await until(() => spans('process botledger').length === 1);
    const [commit] = spans('commit batch');
    expect(ancestry(commit)).to.deep.equal(['commit batch', 'process botledger', 'add botledger.addXp', 'update']);
    expect(commit?.attributes).to.deep.equal({
      'botledger.units': 1,
      'botledger.batch.units': 1,
      'botledger.batch.jobs': 1,
    });
  });

  it('of a pack are those of its first unit, whoever had the send before it under way', async () => {
    const bot = open();
    const sent = ['first', 'second', 'third'].map((name) => inTrace(name, () => bot.addXp(1, { xp: 5 })));
    await Promise.all(sent);
    await work();
    await until(() => spans('process botledger').length === 2);
    const batches = spans('commit batch').map((span) => [ancestry(span).slice(-2), span.attributes['botledger.units']]);
    expect(batches).to.have.deep.members([
      [['add botledger.addXp', 'first'], 1],
      [['add botledger.pack ×2', 'second'], 2],
    ]);
  });

  it('of what the spool sends later have no part in the update that began to spool', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'botledger-traces-'));
    const own = await startRedis();
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl: own.url, telemetry: new BullMQOtel(), spool: directory });
    opened.push(own, bot);
    await own.stop();
    for (const name of ['first', 'second']) await inTrace(name, () => bot.addXp(1, { xp: 5 }));
    await own.start();
    await until(() => bot.spooled === 0, { what: 'the spool is empty' });
    const sent = exporter.getFinishedSpans().filter(({ name }) => name.startsWith('add '));
    expect(sent).not.to.deep.equal([]);
    for (const span of sent) expect(ancestry(span)).to.deep.equal([span.name]);
    rmSync(directory, { recursive: true });
  });

  it('begin where the HTTP API takes a unit, too', async () => {
    const api = await startTestApi({ redisUrl, env: { TRACING: 'true' } });
    opened.push(api);
    await work();
    const body = { operations: [{ name: 'addXp', telegramId: 1, xp: 5 }] };
    await api.post('/v1/bots/spin_bot/operations', body, { headers: { 'idempotency-key': 'a', prefer: 'wait=10' } });
    await until(() => spans('process botledger').length === 1);
    const [commit] = spans('commit batch');
    expect(ancestry(commit)).to.deep.equal(['commit batch', 'process botledger', 'add botledger.addXp']);
  });

  it('say why a unit failed, and nothing of what is in units and outcomes', async () => {
    const bot = open();
    await work();
    await (await bot.touchUser(4_242_424_242, { firstName: 'Margaret' })).result();
    await (await bot.addXp(4_242_424_242, { xp: 31_337 }, { key: 'a' })).result();
    const refused = await bot.addXp(4_242_424_242, { xp: 31_338 }, { key: 'a' });
    await refused.result().catch(() => undefined);
    await until(() => spans('process botledger').length === 3);
    const told = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, events }) => [name, attributes, events]),
    );
    expect(told).to.contain('Idempotency key').and.to.contain('job completed');
    expect(told).not.to.match(/4242424242|Margaret|3133[78]|totalXp/);
  });

  it('are not made unless they are asked for', async () => {
    await work({ TRACING: 'false' });
    const receipt = await inTrace('update', () => open(false).addXp(1, { xp: 5 }));
    await receipt.result();
    const [job] = await queue.queue.getCompleted();
    expect(job?.opts.telemetry).to.equal(undefined);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).to.deep.equal(['update']);
  });
});
