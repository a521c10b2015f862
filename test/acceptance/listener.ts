import { Redis } from 'ioredis';
import { BotLedger } from '../../src/index.js';

// A bot process that listens: it notes each event in Redis, under its user, in the order in which they are handled.
const redis = new Redis(String(process.env['REDIS_URL']));
const ledger = new BotLedger({ bot: String(process.argv[2]) });
await ledger.onEvent('badge.awarded', async ({ telegramId, payload }) => {
  await redis.rpush(`seen:${telegramId}`, payload.badgeType);
});
process.stdout.write('listening\n');
