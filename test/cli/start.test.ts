import { expect } from 'chai';
import { freePort } from '../../src/embedded/port.js';
import { BotLedger } from '../../src/index.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { workingDirectory } from './working-directory.js';

describe('botledger start without any settings', () => {
  let directory: string;
  const start = async () => {
    const process = startProcess('src/cli/main.js', { args: ['start'], environment: { PORT: '0' }, cwd: directory });
    await process.says('REDIS_URL   ');
    return process;
  };
  beforeEach(() => {
    directory = workingDirectory();
  });

  it('serves a bot with the addresses and the token that it prints', async () => {
    const process = await start();
    const bot = new BotLedger({ bot: 'spin_bot', ...printed(process) });
    const receipt = await bot.addXp(123456, { xp: 150 });
    const { totalXp } = await receipt.result();
    const user = await bot.getUser(123456);
    await bot.close();
    const metrics = await (await fetch(`${printed(process).apiUrl}/metrics`)).text();
    process.signal('SIGTERM');

    expect(metrics)
      .to.contain('botledger_queue_jobs{')
      .and.contain('botledger_units_total{result="applied"} 1')
      .and.contain('botledger_scheduled_runs_total{');
    expect(totalXp).to.equal(150);
    expect(user?.totalXp).to.equal(150);
    expect(await process.exited).to.equal(0);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`ends in order on ${signal}, and the private Redis with it`, async () => {
      const process = await start();
      const { redisUrl } = printed(process);
      process.signal(signal);

      expect(await process.exited).to.equal(0);
      expect(await isTaken(redisUrl)).to.equal(false);
    });
  }

  it('refuses to share its directory', async () => {
    const first = await start();
    const second = startProcess('src/cli/main.js', { args: ['start'], environment: { PORT: '0' }, cwd: directory });

    expect(await second.exited).to.equal(1);
    expect(second.output()).to.contain('Another botledger uses data');
    // Not killed: then its Redis would stay behind.
    first.signal('SIGTERM');
    expect(await first.exited).to.equal(0);
  });

  it('has its data, addresses and credentials again after it was killed', async () => {
    const killed = await start();
    const before = printed(killed);
    const bot = new BotLedger({ bot: 'spin_bot', ...before });
    await (await bot.addXp(123456, { xp: 150 })).result();
    await bot.close();
    killed.signal('SIGKILL');
    await killed.exited;

    const again = await start();
    const { apiUrl: _, ...lasting } = before;
    expect(printed(again)).to.deep.include(lasting);
    const sameBot = new BotLedger({ bot: 'spin_bot', ...printed(again) });
    expect((await sameBot.getUser(123456))?.totalXp).to.equal(150);
    await sameBot.close();
    again.signal('SIGTERM');
    await again.exited;
  });
});

/** What a person would copy from the terminal. */
function printed(process: Process): { apiUrl: string; apiToken: string; redisUrl: string } {
  const find = (label: string) => new RegExp(`^${label} +(\\S+)`, 'm').exec(process.output())?.[1] ?? '';
  return { apiUrl: find('API'), apiToken: find('API token'), redisUrl: find('REDIS_URL') };
}

async function isTaken(url: string): Promise<boolean> {
  const port = Number(new URL(url).port);
  return (await freePort(port)) !== port;
}
