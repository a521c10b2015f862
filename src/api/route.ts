import type { Router } from 'express';
import * as z from 'zod';
import { ValidationError } from '../errors.js';
import { describe } from '../operations/unit.js';
import type { Caller } from './auth.js';
import { only, Problem } from './problem.js';

type Shape = z.ZodRawShape;
type Values<S extends Shape> = z.output<z.ZodObject<S, z.core.$strict>>;

/** A request whose parameters fit their schemas. */
export interface ReadRequest<P extends Shape, Q extends Shape> {
  params: Values<P>;
  query: Values<Q>;
  caller: Caller;
}

/** What a read answers; `params` and `query` name every parameter there is, and all others are refused. */
interface Read<P extends Shape, Q extends Shape> {
  /** The whole path: the request log shows it as it stands here. */
  path: string;
  params: P;
  query: Q;
  /** The body of the answer; a Problem thrown is the answer instead. */
  answer(request: ReadRequest<P, Q>): Promise<object>;
}

/** Adds a route that answers GET with JSON, and every other method with 405. */
export function addRead<P extends Shape, Q extends Shape>(router: Router, { path, params, query, answer }: Read<P, Q>) {
  const paramsSchema = z.strictObject(params);
  const querySchema = z.strictObject(query);
  router
    .route(path)
    .get(async (req, res) => {
      const { caller } = res.locals;
      if (!caller) throw new Problem(401, 'Show a token first');
      const request = {
        params: check('path', paramsSchema, req.params),
        query: check('query', querySchema, req.query),
        caller,
      };
      res.json(await answer(request));
    })
    .all(only('GET', 'HEAD'));
}

function check<S extends Shape>(subject: string, schema: z.ZodObject<S, z.core.$strict>, input: unknown): Values<S> {
  const result = schema.safeParse(input);
  if (!result.success) throw new ValidationError(describe(subject, result.error));
  return result.data;
}
