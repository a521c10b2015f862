import type { IRouter, RequestHandler, Response } from 'express';
import * as z from 'zod';
import { ValidationError } from '../errors.js';
import { describe } from '../operations/unit.js';
import { answerJson } from './answer.js';
import type { Caller } from './auth.js';
import { readAfter } from './parameters.js';
import { only, Problem } from './problem.js';

type Shape = z.ZodRawShape;
type Values<S extends Shape> = z.output<z.ZodObject<S, z.core.$strict>>;

/** What one status of a route answers. */
export interface Answer {
  /** When it does. */
  description: string;
  /** A schema of openapi/components.ts; without one there is no JSON. */
  schema?: z.ZodType;
  /** An example of the plain text that it answers instead of JSON. */
  text?: string;
  /** Further headers that it always has: what they say, by name. */
  headers?: Readonly<Record<string, string>>;
}

/** What everybody may know of a route. Checks, the 405 for other methods and the OpenAPI document follow from it. */
export interface Description<P extends Shape = Shape, Q extends Shape = Shape> {
  /** Its name for programs that are made from the OpenAPI document; that of the SDK's method, where there is one. */
  id: string;
  /** The whole path: the request log shows it as it stands here. */
  path: string;
  summary: string;
  /** More of it, where a line is not enough. */
  details?: string;
  params: P;
  query: Q;
  /** Problems besides those that every route may answer: when, by status. */
  problems?: Readonly<Record<number, string>>;
}

/** A route as the OpenAPI document sees it. */
export interface DescribedRoute extends Description {
  method: 'get' | 'post';
  /** Request headers that mean something here; none is required. */
  headers?: Shape;
  /** A schema of openapi/components.ts. */
  body?: z.ZodType;
  answers: Readonly<Record<number, Answer>>;
}

/** A request whose parameters fit their schemas. */
interface ReadRequest<P extends Shape, Q extends Shape> {
  params: Values<P>;
  query: Values<Q>;
  caller: Caller;
}

/** What a read answers; `params` and `query` name every parameter there is, and all others are refused. */
interface Read<P extends Shape, Q extends Shape, R extends z.ZodType> extends Description<P, Q> {
  /** What the answer looks like. */
  returns: R;
  /** The body of the answer; a Problem thrown is the answer instead. */
  answer(request: ReadRequest<P, Q>): Promise<z.output<R>>;
}

/** Routes of one kind, with their descriptions. */
export class Routes {
  readonly described: DescribedRoute[] = [];
  readonly #handlers = new Map<DescribedRoute, RequestHandler[]>();

  /**
   * @param kind under which they stand in the OpenAPI document
   * @param access whether they are for bots with a token, for who knows METRICS_TOKEN, or for everybody
   */
  constructor(
    readonly kind: string,
    readonly access: 'token' | 'metrics' | 'open' = 'token',
  ) {}

  /** Adds a route that answers GET with JSON, and every other method with 405. */
  read<P extends Shape, Q extends Shape, R extends z.ZodType>({ returns, answer, ...description }: Read<P, Q, R>) {
    const params = z.strictObject(description.params);
    const query = z.strictObject(description.query);
    const answers = { 200: { description: description.summary, schema: returns } };
    const headers = { 'read-after': readAfter.optional() };
    this.add({ method: 'get', headers, answers, ...description }, async (req, res) => {
      const caller = callerOf(res);
      const request = { params: check('path', params, req.params), query: check('query', query, req.query), caller };
      answerJson(res, await answer(request));
    });
  }

  /** Adds any other route; every other method of its path is answered with 405. */
  add(route: DescribedRoute, ...handlers: RequestHandler[]): void {
    this.described.push(route);
    this.#handlers.set(route, handlers);
  }

  /** Puts them on an app or a router itself: a router within another costs every request that passes. */
  addTo(router: Pick<IRouter, 'route'>): void {
    for (const [{ method, path }, handlers] of this.#handlers) {
      const methods = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
      router
        .route(path)
        [method](...handlers)
        .all(only(...methods));
    }
  }
}

/** Who asks. */
export function callerOf({ locals }: Response): Caller {
  if (!locals.caller) throw new Problem(401, 'Show a token first');
  return locals.caller;
}

/**
 * What came in a part of the request, as its schema reads it.
 *
 * @param subject names the part in what is wrong with it
 * @throws ValidationError naming every field that does not fit
 */
export function check<S extends z.ZodType>(subject: string, schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (!result.success) throw new ValidationError(describe(subject, result.error));
  return result.data;
}
