import { exportView } from '../domain/export-view.js';
import { promocodeView, trainingPage } from '../domain/views.js';
import type { Repositories } from '../repositories/index.js';
import { paymentList } from './answers.js';
import { onlyBotOf } from './auth.js';
import { before, code, limit, telegramId } from './parameters.js';
import { Problem } from './problem.js';
import { Routes } from './route.js';

/** What is on record: payments, trainings, promocodes, and all of it about one user. */
export function recordsRoutes({ payments, trainings, promocodes, exports }: Repositories): Routes {
  const routes = new Routes('records');

  routes.read({
    id: 'getPayments',
    path: '/v1/users/:telegramId/payments',
    summary: 'The payments of a user, latest first',
    params: { telegramId },
    query: {},
    returns: paymentList,
    answer: async ({ params }) => ({ payments: await payments.byTelegramId(params.telegramId) }),
  });

  routes.read({
    id: 'getTrainingHistory',
    path: '/v1/users/:telegramId/trainings',
    summary: 'The trainings of a user, latest first',
    details: 'Page by page: what is added meanwhile neither repeats nor hides a training.',
    params: { telegramId },
    query: { limit, before: before.optional() },
    returns: trainingPage,
    answer: ({ params, query }) => trainings.byTelegramId(params.telegramId, query),
  });

  routes.read({
    id: 'exportUser',
    path: '/v1/users/:telegramId/export',
    summary: "Everything held on a user: what all bots share, and this bot's own",
    details:
      'For somebody who asks what is known of them. Of sessions and units it holds those of the bot whose token asks; whoever is logged in at /admin gets those of all bots at /admin/users/{telegramId}/export.',
    params: { telegramId },
    query: {},
    returns: exportView,
    answer: ({ params, caller }) => exports.byTelegramId(params.telegramId, onlyBotOf(caller)),
  });

  routes.read({
    id: 'getPromocode',
    path: '/v1/promocodes/:code',
    summary: 'A promocode and its state',
    params: { code },
    query: {},
    problems: { 404: 'There is no such code' },
    returns: promocodeView,
    async answer({ params }) {
      const promocode = await promocodes.byCode(params.code);
      if (!promocode) throw new Problem(404, `There is no code ${params.code}`);
      return promocode;
    },
  });

  return routes;
}
