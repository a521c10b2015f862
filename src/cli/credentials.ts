import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { ANY_BOT, type Config } from '../config.js';
import { digestOf, randomPassword, randomToken } from '../secrets.js';

const stored = z.object({ adminPassword: z.string().min(1), apiToken: z.string().min(1) });

/**
 * Keeps the credentials that were made up for settings that are absent, so that they are the same at the next start.
 *
 * @param file readable by its owner only
 */
export function keepCredentials(config: Config, file: string): Config {
  const { generated } = config;
  if (config.production || !(generated.adminPassword || generated.apiToken)) return config;
  const { adminPassword, apiToken } = read(file) ?? create(file);
  return {
    ...config,
    admin: generated.adminPassword ? { ...config.admin, password: adminPassword } : config.admin,
    apiTokens: generated.apiToken ? [{ bot: ANY_BOT, digest: digestOf(apiToken) }] : config.apiTokens,
    generated: {
      adminPassword: generated.adminPassword && adminPassword,
      apiToken: generated.apiToken && apiToken,
    },
  };
}

function read(file: string): z.infer<typeof stored> | undefined {
  try {
    return stored.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function create(file: string): z.infer<typeof stored> {
  const credentials = { adminPassword: randomPassword(), apiToken: randomToken() };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(credentials), { mode: 0o600 });
  return credentials;
}
