import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { ANY_BOT, type Config } from '../config.js';

const stored = z.object({ adminPassword: z.string().min(1), apiToken: z.string().min(1) });

/**
 * Keeps the credentials that were made up for settings that are absent, so that they are the same at the next start.
 *
 * @param file readable by its owner only
 */
export function keepCredentials(config: Config, file: string): Config {
  if (config.production || !(config.generated.admin || config.generated.apiTokens)) return config;
  const { adminPassword, apiToken } = read(file) ?? create(file);
  return {
    ...config,
    admin: config.generated.admin ? { ...config.admin, password: adminPassword } : config.admin,
    apiTokens: config.generated.apiTokens ? new Map([[ANY_BOT, apiToken]]) : config.apiTokens,
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
  const secret = (bytes: number) => randomBytes(bytes).toString('base64url');
  const credentials = { adminPassword: secret(12), apiToken: secret(24) };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(credentials), { mode: 0o600 });
  return credentials;
}
