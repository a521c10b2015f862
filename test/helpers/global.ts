import { closeRun } from './run.js';

const PATIENCE_MS = 10_000;

process.setSourceMapsEnabled(true);

/** Mocha calls it before the first test. Redis and PostgreSQL start when the first test asks for them. */
export function mochaGlobalSetup(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => closeRun().finally(() => process.exit(1)));
  }
}

/** Mocha calls it after the last test. */
export async function mochaGlobalTeardown(): Promise<void> {
  await closeRun();
  // It fires only if something is still open, which would keep mocha from ending for ever.
  setTimeout(() => {
    process.stderr.write(`A test left something open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, PATIENCE_MS).unref();
}
