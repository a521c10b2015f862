import { contenders } from './contenders/index.js';

// One contender's worker, in a process of its own: started by throughput.ts, which tells it when to stop.
const [name = '', redisUrl = '', databaseUrl = ''] = process.argv.slice(2);
const contender = contenders[name];
if (!contender) throw new Error(`unknown contender ${name}`);

const worker = await contender.work({ redisUrl, databaseUrl });
process.send?.({ ready: true });
process.on('message', async () => {
  await worker.close();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000, rssMb: process.resourceUsage().maxRSS / 1_024 }, () =>
    process.disconnect(),
  );
});
