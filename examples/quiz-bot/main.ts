import { BotLedger } from 'botledger';
import { createQuizBot } from './bot.js';

// REDIS_URL, API_URL and API_TOKEN are read by the ledger itself.
const { BOT_TOKEN, BOT_NAME = 'quiz_bot', PROVIDER_TOKEN, TELEGRAM_API_ROOT } = process.env;
if (!BOT_TOKEN) throw new Error('BOT_TOKEN: missing, @BotFather gives you one');

const ledger = new BotLedger({ bot: BOT_NAME });
const telegram = TELEGRAM_API_ROOT ? { apiRoot: TELEGRAM_API_ROOT } : {};
const bot = createQuizBot(BOT_TOKEN, ledger, { providerToken: PROVIDER_TOKEN, telegram });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => bot.stop(signal));

await bot.launch(() => console.log(`@${bot.botInfo?.username} is listening`));
await ledger.close();
