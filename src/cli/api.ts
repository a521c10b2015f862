import { startApi } from '../api/server.js';
import { showAccess } from './access.js';
import { runPart } from './process.js';

/** `botledger api`: a process that serves reads and Bull Board. */
export const runApi = () =>
  runPart('api', async (dependencies) => {
    const api = await startApi(dependencies);
    // Set ones are known to whoever set them, and do not belong into a log.
    const { admin, apiTokens } = dependencies.config.generated;
    if (admin || apiTokens) console.error(showAccess(api.url, dependencies.config));
    return api;
  });
