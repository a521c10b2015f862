import type { Logger } from './logger.js';

/** Something that was opened and wants closing. */
export interface Closable {
  close(): Promise<unknown>;
}

/** Closes in the reverse order of opening; one failure does not keep the rest open. */
export async function closeAll(opened: readonly Closable[]): Promise<void> {
  const failures: unknown[] = [];
  for (const closable of [...opened].reverse()) {
    await closable.close().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'closing failed');
}

/**
 * On SIGTERM or SIGINT: closes everything in reverse, then exits 0; exits 1 when closing fails or takes longer than
 * the deadline, and at once on a second signal.
 *
 * @param deadlineMs how long closing may take
 */
export function closeOnSignal(opened: readonly Closable[], logger: Logger, deadlineMs: number): void {
  let closing = false;
  const close = (signal: NodeJS.Signals) => {
    if (closing) {
      logger.warn({ signal }, 'second signal: exiting at once');
      process.exit(1);
    }
    closing = true;
    logger.info({ signal }, 'closing');
    setTimeout(() => {
      logger.error({ deadlineMs }, 'closing took too long: exiting; what was not finished is done by another worker');
      process.exit(1);
    }, deadlineMs).unref();
    closeAll(opened).then(
      () => {
        logger.info('closed');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'closing failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}

/** What nobody caught ends this process. Left to itself, Node prints such an error with all that it carries. */
export function exitOnBug(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'a bug in botledger: exiting; what was not finished is done by another worker');
    process.exit(1);
  });
}
