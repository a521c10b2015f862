import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Fleet, startFleet } from '../acceptance/fleet.js';
import { startProcess } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { codeBlocks } from './markdown.js';
import { root, runFile, withFile } from './programs.js';

const blocks = codeBlocks(readFileSync(`${root}docs/tracing.md`, 'utf8'));
const program = (name: string) => blocks.find(({ file }) => file === name)?.lines.join('\n') ?? '';

/** The trace of the span of this name, as the console exporter prints it. */
const traceOf = (name: string, output: string): string | undefined =>
  output
    .split('resource: {')
    .find((span) => span.includes(`name: '${name}'`))
    ?.match(/traceId: '(\w{32})'/)?.[1];

describe('docs/tracing.md', () => {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await startFleet('sqlite');
  });
  afterEach(() => fleet.close());

  it('shows how a unit is followed from the bot to its commit', async () => {
    await withFile('tracing', program('tracing.mjs'), async (tracing) => {
      const traced = { NODE_OPTIONS: `--import ${tracing}`, OTEL_BSP_SCHEDULE_DELAY: '100' };
      const environment = { ...fleet.environment, ...traced, TRACING: 'true' };
      const worker = startProcess('workers/commit.js', { environment });
      fleet.workers.push(worker);
      await worker.says('commit worker is ready');
      // Bots live for longer than this one, which would end before its spans are printed.
      const code = `${program('trace what a bot enqueues')}
        const { trace } = await import('@opentelemetry/api');
        await trace.getTracerProvider().getDelegate().forceFlush();
      `;
      const output = await withFile('traced-bot', code, (bot) => runFile(bot, [], environment));
      expect(output).to.contain('totalXp: 150');
      const sent = traceOf('add botledger.addXp', output);
      expect(sent).to.match(/^\w{32}$/);
      await until(() => traceOf('process botledger', worker.output()) !== undefined, {
        what: 'the worker prints spans',
      });
      expect(traceOf('process botledger', worker.output())).to.equal(sent);
      expect(traceOf('commit batch', worker.output())).to.equal(sent);
    });
  });
});
