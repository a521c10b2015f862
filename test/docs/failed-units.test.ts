import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { closeAll } from '../../src/lifecycle.js';
import { openQueue, startWorker } from '../helpers/commit-worker.js';
import { startProcess } from '../helpers/processes.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { eachOn, variants } from '../helpers/variants.js';
import { root } from './programs.js';

const document = readFileSync(`${root}docs/operations.md`, 'utf8');
const commands = [...document.matchAll(/^botledger (failed .+)$/gm)].map(([, command = '']) => command);

describe('docs/operations.md', () => {
  const on = eachOn(variants[2]);

  it('shows commands that look at failed units, retry and discard them', async () => {
    const redisUrl = await freshRedisUrl();
    const jobs = openQueue(redisUrl);
    const worker = await startWorker(on.database, redisUrl);
    const operations = [{ name: 'awardBadge', telegramId: 1 }];
    const { id } = await jobs.add({ v: 1, units: [{ bot: 'spin_bot', key: 'k', at: 1, operations }] });
    await jobs.reached(id, 'failed');

    const outputs: string[] = [];
    for (const command of commands) {
      const args = [...command.matchAll(/"([^"]*)"|\S+/g)].map(([all, quoted]) => quoted ?? all);
      const process = startProcess('src/cli/main.js', { args, environment: { REDIS_URL: redisUrl } });
      expect(await process.exited, process.output()).to.equal(0);
      outputs.push(process.output());
      await jobs.reached(id, 'failed', 'unknown');
    }
    const [list, json, none, retried, discarded] = outputs;
    expect(list).to.contain('ValidationError: awardBadge.badgeType');
    expect(JSON.parse(json as string)).to.include({ id, operations: 'awardBadge' });
    expect([none, retried, discarded]).to.deep.equal(['Nothing failed.\n', '1 retried\n', '1 discarded\n']);
    await closeAll([jobs, worker]);
  });
});
