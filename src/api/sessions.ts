import { sessionPage, sessionView } from '../domain/views.js';
import type { Repositories } from '../repositories/index.js';
import { requireOwnBot } from './auth.js';
import { before, bot, limit, telegramId } from './parameters.js';
import { Routes } from './route.js';

/** What each bot keeps for itself. */
export function sessionsRoutes({ sessions }: Repositories): Routes {
  const routes = new Routes('sessions');

  routes.read({
    id: 'getUserSession',
    path: '/v1/bots/:bot/users/:telegramId/session',
    summary: "A user with this bot's session and stats",
    details: 'A stranger has an empty session, and `user` is null.',
    params: { bot, telegramId },
    query: {},
    returns: sessionView,
    answer({ params, caller }) {
      requireOwnBot(caller, params.bot);
      return sessions.byTelegramId(params.telegramId, params.bot);
    },
  });

  routes.read({
    id: 'getSessions',
    path: '/v1/bots/:bot/sessions',
    summary: "A bot's sessions, of its latest users first",
    details: 'Page by page.',
    params: { bot },
    query: { limit, before: before.optional() },
    returns: sessionPage,
    answer({ params, query, caller }) {
      requireOwnBot(caller, params.bot);
      return sessions.byBot(params.bot, query);
    },
  });

  return routes;
}
