import { accessView, leaderboardPage, userView } from '../domain/views.js';
import type { Repositories } from '../repositories/index.js';
import { activeSubscription, badgeList, count, rank } from './answers.js';
import { badgeType, bot, page, telegramId } from './parameters.js';
import { Problem } from './problem.js';
import { Routes } from './route.js';

const badgeFilter = { bot: bot.optional(), type: badgeType.optional() };

/** What all bots share of a user. Only the user's own address says 404: a stranger has no badges, and no access. */
export function usersRoutes({ users, badges, subscriptions }: Repositories): Routes {
  const routes = new Routes('users');

  routes.read({
    id: 'countUsers',
    path: '/v1/users/count',
    summary: 'How many users there are',
    params: {},
    query: {},
    returns: count,
    answer: async () => ({ count: await users.count() }),
  });

  routes.read({
    id: 'getUser',
    path: '/v1/users/:telegramId',
    summary: 'A user, as all bots share them',
    params: { telegramId },
    query: {},
    problems: { 404: 'No bot has seen this user yet' },
    returns: userView,
    async answer({ params }) {
      const user = await users.byTelegramId(params.telegramId);
      if (!user) throw new Problem(404, `No bot has seen the user ${params.telegramId} yet`);
      return user;
    },
  });

  routes.read({
    id: 'getBadges',
    path: '/v1/users/:telegramId/badges',
    summary: 'The badges of a user, oldest first',
    params: { telegramId },
    query: badgeFilter,
    returns: badgeList,
    answer: async ({ params, query }) => ({ badges: await badges.byTelegramId(params.telegramId, query) }),
  });

  routes.read({
    id: 'countBadges',
    path: '/v1/users/:telegramId/badges/count',
    summary: 'How many badges a user has',
    params: { telegramId },
    query: badgeFilter,
    returns: count,
    answer: async ({ params, query }) => ({ count: await badges.count(params.telegramId, query) }),
  });

  routes.read({
    id: 'checkAccess',
    path: '/v1/users/:telegramId/access',
    summary: 'Whether a user may train now, and by what',
    params: { telegramId },
    query: {},
    returns: accessView,
    answer: ({ params }) => subscriptions.checkAccess(params.telegramId),
  });

  routes.read({
    id: 'getActiveSubscription',
    path: '/v1/users/:telegramId/subscription',
    summary: 'The subscription that gives access now: a time-based one before credits',
    params: { telegramId },
    query: {},
    returns: activeSubscription,
    answer: async ({ params }) => ({ subscription: await subscriptions.active(params.telegramId) }),
  });

  routes.read({
    id: 'getRank',
    path: '/v1/users/:telegramId/rank',
    summary: "A user's place on the leaderboard",
    params: { telegramId },
    query: {},
    returns: rank,
    answer: async ({ params }) => ({ rank: await users.rank(params.telegramId) }),
  });

  routes.read({
    id: 'getLeaderboard',
    path: '/v1/leaderboard',
    summary: 'Users by XP; of equals, who was there first comes first',
    params: {},
    query: page,
    returns: leaderboardPage,
    answer: ({ query }) => users.leaderboard(query),
  });

  return routes;
}
