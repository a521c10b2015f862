import { BotLedger } from 'botledger';
import { createTrainingBot } from './bot.js';

// REDIS_URL, API_URL and API_TOKEN are read by the ledger itself.
const { BOT_TOKEN, BOT_NAME = 'training_bot', TELEGRAM_API_ROOT } = process.env;
if (!BOT_TOKEN) throw new Error('BOT_TOKEN: missing, @BotFather gives you one');

const ledger = new BotLedger({ bot: BOT_NAME });
const bot = createTrainingBot(BOT_TOKEN, ledger, TELEGRAM_API_ROOT ? { client: { apiRoot: TELEGRAM_API_ROOT } } : {});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => bot.stop());

await bot.start({ onStart: ({ username }) => console.log(`@${username} is listening`) });
await ledger.close();
