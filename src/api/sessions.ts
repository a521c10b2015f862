import { sessionView } from '../domain/views.js';
import type { Repositories } from '../repositories/index.js';
import { requireOwnBot } from './auth.js';
import { bot, telegramId } from './parameters.js';
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

  return routes;
}
