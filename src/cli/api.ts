import { startApi } from '../api/server.js';
import type { Closable } from '../lifecycle.js';
import { showAccess } from './access.js';
import { type PartDependencies, runPart } from './process.js';

/** `botledger api`: a process that serves reads and Bull Board. */
export const runApi = () => runPart('api', serve, { serves: true, lookupsOnly: true });

async function serve(dependencies: PartDependencies): Promise<Closable> {
  const api = await startApi(dependencies);
  // Set ones are known to whoever set them, and do not belong into a log.
  const { adminPassword, apiToken } = dependencies.config.generated;
  if (adminPassword || apiToken) console.error(showAccess(api.url, dependencies.config));
  return api;
}
