import type { Queue } from 'bullmq';
import { Router } from 'express';
import type { LedgerRepository } from '../repositories/ledger.js';
import type { SessionRepository } from '../repositories/session.js';
import { requireOwnBot } from './auth.js';
import { bot, key, telegramId } from './parameters.js';
import { Problem } from './problem.js';
import { addRead } from './route.js';

interface BotsDependencies {
  sessions: SessionRepository;
  ledger: LedgerRepository;
  /** Where units wait and fail. */
  units: Queue;
}

/** What belongs to one bot: its sessions, and what became of its units. */
export function botsRouter({ sessions, ledger, units }: BotsDependencies): Router {
  const router = Router();

  addRead(router, {
    path: '/v1/bots/:bot/users/:telegramId/session',
    params: { bot, telegramId },
    query: {},
    answer({ params, caller }) {
      requireOwnBot(caller, params.bot);
      return sessions.byTelegramId(params.telegramId, params.bot);
    },
  });

  addRead(router, {
    path: '/v1/bots/:bot/operations/:key',
    params: { bot, key },
    query: {},
    async answer({ params, caller }) {
      requireOwnBot(caller, params.bot);
      const state = await findState(params.bot, params.key, ledger, units);
      if (!state)
        throw new Problem(404, `The key "${params.key}" is not known: it was never sent, or is forgotten by now`);
      return { key: params.key, ...state };
    },
  });

  return router;
}

type OperationState =
  | { status: 'applied'; outcomes: unknown[] }
  | { status: 'failed'; reason: string }
  | { status: 'waiting' };

async function findState(
  botName: string,
  unitKey: string,
  ledger: LedgerRepository,
  units: Queue,
): Promise<OperationState | undefined> {
  const outcomes = await ledger.outcomes(botName, unitKey);
  if (outcomes) return { status: 'applied', outcomes };

  const jobId = `${botName}~${unitKey}`;
  switch (await units.getJobState(jobId)) {
    case 'unknown':
      return undefined;
    case 'failed':
      return { status: 'failed', reason: (await units.getJob(jobId))?.failedReason ?? '' };
    case 'completed': {
      // It was applied between the two looks, or so long ago that the ledger has forgotten it.
      const late = await ledger.outcomes(botName, unitKey);
      return late ? { status: 'applied', outcomes: late } : undefined;
    }
    default:
      return { status: 'waiting' };
  }
}
