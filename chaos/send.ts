import type { BotLedger } from '../src/index.js';
import type { Intent } from './journal.js';

/** Sends a unit as its bot meant it, through the SDK's methods. */
export const sendUnit = (ledger: BotLedger, { key, at, operations }: Omit<Intent, 'bot'>) =>
  ledger.unit({ key, at }, (unit) => {
    for (const { name, telegramId, ...payload } of operations) {
      const method = unit[name as 'addXp'] as (...args: unknown[]) => void;
      method(...(telegramId === undefined ? [payload] : [telegramId, payload]));
    }
  });
