import express, { type Request, type RequestHandler, type Response } from 'express';
import * as z from 'zod';
import type { OperationState } from '../domain/views.js';
import { errorOfReason, IdempotencyConflictError, ValidationError } from '../errors.js';
import { freshKey } from '../fresh-key.js';
import type { Signer } from '../operations/signature.js';
import { checkUnit, type Unit, type WireOperation } from '../operations/unit.js';
import { answerJson } from './answer.js';
import { appliedUnit, unitState, waitingUnit } from './answers.js';
import { requireOwnBot } from './auth.js';
import { operationsBody } from './openapi/operations.js';
import { bot, key } from './parameters.js';
import { Problem } from './problem.js';
import { callerOf, check, type DescribedRoute, Routes } from './route.js';
import type { Intake } from './units/intake.js';
import { preferredWait } from './units/prefer.js';
import type { UnitStates } from './units/states.js';
import type { Waits } from './units/waits.js';

interface OperationsDependencies {
  intake: Intake;
  states: UnitStates;
  waits: Waits;
  /** Most JSON, in bytes, of one unit. */
  maxUnitBytes: number;
  /** Signs for the bots, whose tokens say who they are; undefined when units are not signed. */
  signers: ReadonlyMap<string, Signer> | undefined;
}

/** Writes of bots that speak HTTP, and what became of units. */
export function operationsRoutes({ intake, states, waits, maxUnitBytes, signers }: OperationsDependencies): Routes {
  const routes = new Routes('operations');
  let lastAt = 0;

  const send = async (req: Request, res: Response) => {
    const params = check('path', z.strictObject(submission.params), req.params);
    requireOwnBot(callerOf(res), params.bot);
    check('query', z.strictObject(submission.query), req.query);
    const asked = check('header', z.object(submission.headers), req.headers);
    const body = check('body', envelope, req.body);
    // Never back, also when the clock is set back: later saves of one bot must not look older.
    lastAt = Math.max(lastAt, Date.now());
    const unit: Unit = {
      bot: params.bot,
      key: asked['idempotency-key'] ?? freshKey(),
      at: lastAt,
      operations: body.operations as WireOperation[],
    };
    const checked = checkUnit(unit, maxUnitBytes);
    if (signers) unit.sig = requireSigner(signers, unit.bot)(checked);

    let state = await intake.put(unit, checked.contentHash);
    const seconds = preferredWait(asked.prefer);
    if (state.status === 'waiting' && seconds !== undefined) {
      res.set('Preference-Applied', `wait=${seconds}`);
      state = await waits.until(1_000 * seconds, res, (signal) => states.settled(unit, signal));
    }
    res.location(`/v1/bots/${unit.bot}/operations/${encodeURIComponent(unit.key)}`);
    answer(res, unit.key, state);
  };
  // More than a unit may have: Python writes six characters for a Cyrillic letter, which is measured as two bytes.
  routes.add(submission, express.json({ limit: 4 * maxUnitBytes }), jsonOnly, send);

  routes.read({
    id: 'getOperation',
    path: '/v1/bots/:bot/operations/:key',
    summary: 'What became of a unit',
    details: 'One that the SDK sent is known here once it is applied or has failed.',
    params: { bot, key },
    query: {},
    problems: { 404: 'The key is not known: it was never sent, or is forgotten by now' },
    returns: unitState,
    async answer({ params, caller }) {
      requireOwnBot(caller, params.bot);
      const state = await states.find(params.bot, params.key);
      if (!state)
        throw new Problem(404, `The key "${params.key}" is not known: it was never sent, or is forgotten by now`);
      return { key: params.key, ...state };
    },
  });

  return routes;
}

function requireSigner(signers: ReadonlyMap<string, Signer>, bot: string): Signer {
  const signer = signers.get(bot);
  if (signer) return signer;
  throw new Problem(403, `${bot} has no secret in BOT_SECRETS, so its writes would be refused: add one there`);
}

const located = { Location: 'Where to ask what became of the unit' };

const submission = {
  id: 'sendOperations',
  method: 'post',
  path: '/v1/bots/:bot/operations',
  summary: 'Sends a unit: operations that are applied in one transaction, all or none',
  details:
    'Under one key a unit is applied once, however often it is sent. Whoever sends no key finds the one that was made for them in the answer. In a unit that names a user who was deleted after it was made, every operation answers `{ "userDeleted": true }`: nothing of it is applied.',
  params: { bot },
  query: {},
  headers: {
    'idempotency-key': key.optional().meta({ description: 'Unique per bot; derive it from what happened' }),
    prefer: z.string().optional().meta({ description: 'Waits for the outcome, at most 30 s', example: 'wait=5' }),
  },
  body: operationsBody,
  answers: {
    200: { description: 'The unit is applied: the outcome of each operation', schema: appliedUnit, headers: located },
    202: { description: 'The unit is on its way', schema: waitingUnit, headers: located },
  },
  problems: {
    409: 'The key belongs to a unit with other content, so this one is not applied',
    413: 'The body is too large',
    415: 'The body is no JSON',
    422: 'The unit was taken in and failed; it waits for a person, and sending it again changes nothing',
  },
} satisfies DescribedRoute;

/** The operations themselves are checked as part of their unit. */
const envelope = z.strictObject({ operations: z.unknown().optional() });

const jsonOnly: RequestHandler = (req, _res, next) => {
  if (!req.is('application/json')) throw new Problem(415, 'Send JSON, with Content-Type: application/json');
  next();
};

function answer(res: Response, key: string, state: OperationState): void {
  if (state.status === 'failed') throw failure(key, state.reason);
  answerJson(res.status(state.status === 'applied' ? 200 : 202), { key, ...state });
}

function failure(key: string, reason: string): Error {
  const error = errorOfReason(key, reason);
  if (error instanceof IdempotencyConflictError) return error;
  return new Problem(422, error.message, error instanceof ValidationError ? { errors: error.problems } : {});
}
