import { ANY_BOT, type Config } from '../config.js';

/** The addresses of a running API, with the credentials that were made up for it. */
export function showAccess(url: string, { admin, apiTokens, generated }: Config): string {
  const login = generated.admin ? `${admin.user} / ${admin.password}` : 'log in with ADMIN_USER, ADMIN_PASSWORD';
  const token = generated.apiTokens ? `${apiTokens.get(ANY_BOT)}  (any bot)` : 'as set in API_TOKENS';
  return [`API         ${url}`, `API token   ${token}`, `Bull Board  ${url}/admin/queues`, `            ${login}`].join(
    '\n',
  );
}
