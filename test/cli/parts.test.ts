import { expect } from 'chai';
import { freePort } from '../../src/embedded/port.js';
import { BotLedger } from '../../src/index.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { freshRedisUrl } from '../helpers/redis.js';

const METRICS_TOKEN = 'secret-of-prometheus';

const read = async (url: string) =>
  (await fetch(url, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })).text();

for (const dialect of dialects) {
  describe(`the three parts as processes of their own, on ${dialect}`, () => {
    let fresh: FreshDatabase;
    let redisUrl: string;
    let parts: Process[];

    beforeEach(async () => {
      fresh = await freshDatabase(dialect);
      redisUrl = await freshRedisUrl();
      const environment = {
        DATABASE_URL: fresh.url,
        REDIS_URL: redisUrl,
        PORT: '0',
        API_TOKENS: 'spin_bot:secret-of-spin',
        ADMIN_USER: 'admin',
        ADMIN_PASSWORD: 'secret-of-admin',
        METRICS_TOKEN,
      };
      parts = [];
      for (const part of ['api', 'commit', 'schedule']) {
        const METRICS_PORT = String(await freePort(0));
        parts.push(startProcess(`workers/${part}.js`, { environment: { ...environment, METRICS_PORT } }));
      }
      await Promise.all(parts.map((part) => part.says('is ready')));
    });
    afterEach(async () => {
      await Promise.all(parts.map((part) => part.close()));
      await fresh.close();
    });

    it('serve what they measure, each for itself', async () => {
      const [, apiUrl] = /"url":"(http:[^"]+)"/.exec(parts[0]?.output() ?? '') ?? [];
      const urls = [`${apiUrl}/metrics`];
      for (const part of parts.slice(1)) {
        await part.says('metrics are served');
        urls.push(/"url":"(http:[^"]+\/metrics)"/.exec(part.output())?.[1] ?? '');
      }
      const bot = new BotLedger({ bot: 'spin_bot', redisUrl });
      await (await bot.addXp(123456, { xp: 150 })).result();
      await bot.close();

      const [api = '', commit = '', schedule = ''] = await Promise.all(urls.map(read));
      expect(api).to.contain('botledger_queue_jobs{queue="botledger",state="completed"} 1');
      expect(commit).to.contain('botledger_operations_total{operation="addXp",result="applied"} 1');
      expect(schedule).to.contain('botledger_scheduled_runs_total{scheduled_job="pruneLedger",result="failed"} 0');
      for (const text of [api, commit, schedule]) expect(text).to.contain('process_resident_memory_bytes');
      const { status } = await fetch(urls[1] as string);
      expect(status).to.equal(401);
      for (const url of urls)
        for (const probe of ['/healthz', '/readyz'])
          expect((await fetch(url.replace('/metrics', probe))).status, `${url} ${probe}`).to.equal(200);
    });

    it('work together, keep secrets to themselves, and end in order', async () => {
      const apiUrl = /http:\/\/127\.0\.0\.1:\d+/.exec(parts[0]?.output() ?? '')?.[0] ?? '';
      const bot = new BotLedger({ bot: 'spin_bot', redisUrl, apiUrl, apiToken: 'secret-of-spin' });
      await (await bot.addXp(123456, { xp: 150 })).result();
      expect((await bot.getUser(123456))?.totalXp).to.equal(150);
      await bot.close();

      for (const part of parts) part.signal('SIGTERM');
      expect(await Promise.all(parts.map(({ exited }) => exited))).to.deep.equal([0, 0, 0]);
      for (const part of parts) expect(part.output()).not.to.contain('secret-of');
    });
  });
}
