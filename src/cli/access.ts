import type { Config } from '../config.js';

/** The addresses of a running API, with the credentials that were made up for it. */
export function showAccess(url: string, { admin, generated: { adminPassword, apiToken } }: Config): string {
  const login = adminPassword ? `${admin.user} / ${adminPassword}` : 'log in with ADMIN_USER, ADMIN_PASSWORD';
  const token = apiToken ? `${apiToken}  (any bot)` : 'as set in API_TOKENS';
  return [`API         ${url}`, `API token   ${token}`, `Bull Board  ${url}/admin/queues`, `            ${login}`].join(
    '\n',
  );
}
