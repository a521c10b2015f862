import { expect } from 'chai';
import { BotLedger } from '../../src/index.js';
import { dialects, type FreshDatabase, freshDatabase } from '../helpers/databases.js';
import { type Process, startProcess } from '../helpers/processes.js';
import { freshRedisUrl } from '../helpers/redis.js';

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
      };
      parts = ['api', 'commit', 'schedule'].map((part) => startProcess(`workers/${part}.js`, { environment }));
      await Promise.all(parts.map((part) => part.says('is ready')));
    });
    afterEach(async () => {
      await Promise.all(parts.map((part) => part.close()));
      await fresh.close();
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
