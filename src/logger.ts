import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * The process's log: JSON lines on standard output. Nothing that a user wrote and no secret is ever passed to it.
 *
 * @param name which part speaks, e.g. `commit`
 */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level, base: { name }, serializers: { err: withoutExtras } });
}

/** Errors carry along what failed: PostgreSQL's the row, Sequelize's the statement, ioredis' the command. */
const withoutExtras = (error: unknown) =>
  error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : error;
