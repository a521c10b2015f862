import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { IdempotencyConflictError, QueueUnavailableError, ValidationError } from '../errors.js';
import { isOutage } from '../failures.js';
import type { Logger } from '../logger.js';

interface Extras {
  /** What exactly does not fit, the field first. */
  errors?: readonly string[];
  headers?: Readonly<Record<string, string>>;
}

/** An answer that is not a success. Everything in it is safe to show. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly errors: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what is wrong and what to do about it */
  constructor(
    readonly status: number,
    readonly detail: string,
    { errors, headers = {} }: Extras = {},
  ) {
    super(detail);
    this.errors = errors;
    this.headers = headers;
  }
}

/**
 * Answers with `application/problem+json` (RFC 9457), always of the same shape.
 *
 * @param extension further members, for whoever knows them
 */
export function sendProblem(res: Response, { status, detail, errors, headers }: Problem, extension: object = {}): void {
  const instance = res.req.originalUrl.split('?', 1)[0];
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail, instance, errors, ...extension };
  res.status(status).set(headers).type('application/problem+json').send(JSON.stringify(problem));
}

/** For addresses that nothing answers. */
export const notFound: RequestHandler = () => {
  throw new Problem(404, 'There is nothing at this address');
};

/** For methods that an address does not know. */
export function only(...methods: string[]): RequestHandler {
  const allow = methods.join(', ');
  return () => {
    throw new Problem(405, `This address answers ${allow} only`, { headers: { Allow: allow } });
  };
}

/**
 * Turns every error into a problem. What is not ours to show goes to the log instead.
 *
 * @param extend further members of a problem
 */
export function problemHandler(logger: Logger, extend?: (problem: Problem) => object): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const problem = toProblem(error);
    if (problem.status >= 500) {
      // Named fields only: Sequelize's errors carry statements and values along.
      const { name, message, stack } = error as Error;
      logger.error({ err: { name, message, stack }, status: problem.status }, 'request failed');
    }
    if (res.headersSent) next(error);
    else sendProblem(res, problem, extend?.(problem));
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ValidationError) {
    return new Problem(400, 'The request does not fit: see errors', { errors: error.problems });
  }
  if (error instanceof IdempotencyConflictError) return new Problem(409, error.message);
  if (error instanceof QueueUnavailableError)
    return new Problem(503, error.message, { headers: { 'Retry-After': '1' } });
  if (isOutage(error)) {
    return new Problem(503, 'The database or Redis is not available: try again soon', {
      headers: { 'Retry-After': '5' },
    });
  }
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(status, REFUSALS[status] ?? 'The request cannot be answered');
  }
  return new Problem(500, 'Something went wrong here: the log says what');
}

/** What Express and its body parsers refuse. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read: check its address and its body',
  413: 'The body is too large: send less',
  415: 'The body is in a form that is not read here: check Content-Type, its charset and Content-Encoding',
};
