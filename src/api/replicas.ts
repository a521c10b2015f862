import { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { within } from '../deadline.js';
import { isOutage } from '../failures.js';
import type { Logger } from '../logger.js';
import type { LedgerRepository } from '../repositories/ledger.js';
import { readAfter } from './parameters.js';
import { check, type Routes } from './route.js';

/** The routes that read one replica, and the ledger as that replica has it. */
export interface Replica {
  ledger: LedgerRepository;
  routes: readonly Routes[];
}

/** How long a replica is asked whether it holds a unit, before the primary is read instead. */
const PATIENCE_MS = 500;

/** For how long a replica that was away is left alone. */
const REST_MS = 5_000;

/** PostgreSQL cancels a read on a standby that holds up what the primary sent: serialization_failure. */
const CANCELLED = '40001';

/**
 * Answers reads from replicas, in turn. Whoever sends `Read-After: <bot>:<key>` reads from one that holds this unit;
 * where it does not yet, or is away, the request goes on to the routes of the primary. So does what is asked with
 * `Cache-Control: no-cache`: it is as old as nothing (RFC 9111, 5.2.1.4).
 *
 * A unit's row in the ledger commits with all that it changed, so a replica that has the row has the rest as well.
 */
export function fromReplicas(replicas: readonly Replica[], logger: Logger): RequestHandler {
  const resting = new Map<number, number>();
  const readers = replicas.map(({ routes }) => {
    const reader = Router();
    for (const some of routes) some.addTo(reader);
    return reader;
  });
  let turn = 0;

  return async (req, res, next) => {
    if (/\bno-cache\b/.test(req.headers['cache-control'] ?? '')) return next();
    const unit = unitToKnow(req);
    const index = turn++ % Math.max(1, replicas.length);
    const [replica, reader] = [replicas[index], readers[index]];
    if (!replica || !reader || (resting.get(index) ?? 0) > Date.now()) return next();

    const orPrimary = (error?: unknown) => {
      if (error === undefined || res.headersSent || !(isOutage(error) || isCancelled(error))) return next(error);
      if (isOutage(error)) resting.set(index, Date.now() + REST_MS);
      logger.warn(
        { replica: index + 1, err: (error as Error).message },
        'replica does not answer: reading the primary',
      );
      next();
    };
    try {
      if (unit && !(await within(PATIENCE_MS, replica.ledger.find(unit.bot, unit.key)))) return next();
    } catch (error) {
      return orPrimary(error);
    }
    reader(req, res, orPrimary);
  };
}

const asked = z.object({ 'read-after': readAfter });

function unitToKnow({ headers }: Request): { bot: string; key: string } | undefined {
  if (headers['read-after'] === undefined) return undefined;
  const unit = check('header', asked, headers)['read-after'];
  const end = unit.indexOf(':');
  return { bot: unit.slice(0, end), key: unit.slice(end + 1) };
}

const isCancelled = (error: unknown) => {
  const { code, parent } = error as { code?: unknown; parent?: { code?: unknown } };
  return (parent?.code ?? code) === CANCELLED;
};
