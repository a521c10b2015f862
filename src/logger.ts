import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * The process's log: JSON lines on standard output. Nothing that a user wrote and no secret is ever passed to it.
 *
 * @param name which part speaks, e.g. `commit`
 */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level, base: { name } });
}
