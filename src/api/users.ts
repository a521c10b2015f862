import { Router } from 'express';
import type { Repositories } from '../repositories/index.js';
import { bot, page, telegramId } from './parameters.js';
import { Problem } from './problem.js';
import { addRead } from './route.js';

/** What all bots share of a user. Only the user's own address says 404: a stranger has no badges, and no access. */
export function usersRouter({ users, badges, subscriptions }: Repositories): Router {
  const router = Router();

  addRead(router, {
    path: '/v1/users/count',
    params: {},
    query: {},
    answer: async () => ({ count: await users.count() }),
  });

  addRead(router, {
    path: '/v1/users/:telegramId',
    params: { telegramId },
    query: {},
    async answer({ params }) {
      const user = await users.byTelegramId(params.telegramId);
      if (!user) throw new Problem(404, `No bot has seen the user ${params.telegramId} yet`);
      return user;
    },
  });

  addRead(router, {
    path: '/v1/users/:telegramId/badges',
    params: { telegramId },
    query: { bot: bot.optional() },
    answer: async ({ params, query }) => ({ badges: await badges.byTelegramId(params.telegramId, query.bot) }),
  });

  addRead(router, {
    path: '/v1/users/:telegramId/access',
    params: { telegramId },
    query: {},
    answer: ({ params }) => subscriptions.checkAccess(params.telegramId),
  });

  addRead(router, {
    path: '/v1/users/:telegramId/subscription',
    params: { telegramId },
    query: {},
    answer: async ({ params }) => ({ subscription: await subscriptions.active(params.telegramId) }),
  });

  addRead(router, {
    path: '/v1/users/:telegramId/rank',
    params: { telegramId },
    query: {},
    answer: async ({ params }) => ({ rank: await users.rank(params.telegramId) }),
  });

  addRead(router, {
    path: '/v1/leaderboard',
    params: {},
    query: page,
    async answer({ query }) {
      const [entries, total] = await Promise.all([users.leaderboard(query), users.count()]);
      return { users: entries, total };
    },
  });

  return router;
}
