import { describeRefusal } from './redis-refusals.js';

/** Every error that botledger throws on purpose. `code` is stable and safe to show. */
export abstract class BotLedgerError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Input that does not fit its schema. Nothing was sent, or nothing was applied. */
export class ValidationError extends BotLedgerError {
  readonly code = 'validation';
  /**
   * @param problems each names its field first, e.g. `addXp.xp: expected int, received string`
   */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

/** The idempotency key was used before for something else; this unit was not applied. */
export class IdempotencyConflictError extends BotLedgerError {
  readonly code = 'idempotency-conflict';
  constructor(readonly key: string) {
    super(
      `Idempotency key "${key}" was already used for a unit with other content, so this one was not applied: ` +
        'give each unit its own key, or put all writes of one update into one unit()',
    );
  }
}

/** The workers have BOT_SECRETS, and this unit does not show that its bot made it; it was not applied. Says the remedy. */
export class SignatureError extends BotLedgerError {
  readonly code = 'signature';
  constructor(
    readonly key: string,
    message: string,
  ) {
    super(message);
  }
}

/** Redis did not take the job in time. It may still run: retry with the same key. */
export class QueueUnavailableError extends BotLedgerError {
  readonly code = 'queue-unavailable';
  /** @param options.spool why the local spool did not take it either */
  constructor(
    readonly key: string | undefined,
    { spool, ...options }: ErrorOptions & { spool?: string } = {},
  ) {
    super(
      `Redis did not accept the job${spool === undefined ? '' : `, nor did the spool: ${spool}`}. ` +
        `${describeRefusal(options.cause)?.replace(/^it/, 'It') ?? 'Check REDIS_URL and that Redis is up'}; then retry` +
        (key === undefined ? '' : ` with the same key "${key}", which applies it once even if it did arrive`),
      options,
    );
  }
}

/** The local spool cannot be used: another process has it, or a file in it is damaged. Says which, and the remedy. */
export class SpoolError extends BotLedgerError {
  readonly code = 'spool';
}

/** The outcome did not arrive in the time given. The unit is still queued and will be applied. */
export class ResultTimeoutError extends BotLedgerError {
  readonly code = 'result-timeout';
  constructor(
    readonly key: string,
    readonly timeoutMs: number,
  ) {
    super(
      `No outcome for "${key}" within ${timeoutMs} ms: it is still queued; ask result() again or check the workers`,
    );
  }
}

/** The unit failed and waits in the failed set, with this reason, for a person to retry it. */
export class OperationFailedError extends BotLedgerError {
  readonly code = 'operation-failed';
  constructor(
    readonly key: string,
    readonly reason: string,
  ) {
    super(`The unit "${key}" failed: ${reason}`);
  }
}

/** A user of the unit was deleted after the unit was made. Nothing of them is kept or brought back: do not send it again. */
export class UserDeletedError extends BotLedgerError {
  readonly code = 'user-deleted';
  constructor(readonly key: string) {
    super(`A user of "${key}" was deleted after it was made: it is not applied, or what it answered is forgotten`);
  }
}

/** The HTTP API refused or could not be reached. */
export class ApiError extends BotLedgerError {
  readonly code = 'api';
  /** @param status HTTP status, or 0 when there was no answer */
  constructor(
    readonly status: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Settings that are missing or wrong, all of them at once. */
export class ConfigError extends BotLedgerError {
  readonly code = 'config';
  /** @param problems each names its variable and the remedy */
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'One setting is' : `${problems.length} settings are`} wrong:\n  ${problems.join('\n  ')}`,
    );
  }
}

/** The typed error behind a failed job's reason, which begins with the error's name. */
export function errorOfReason(key: string, reason: string): Error {
  const [, name, message = reason] = /^(\w+Error): (.*)$/s.exec(reason) ?? [];
  if (name === 'IdempotencyConflictError') return new IdempotencyConflictError(key);
  if (name === 'ValidationError') return new ValidationError(message.split('; '));
  if (name === 'SignatureError') return new SignatureError(key, message);
  return new OperationFailedError(key, reason);
}
