import type { Request, RequestHandler } from 'express';
import type { Logger } from '../logger.js';

/** What became of a request. */
export interface Answered {
  method: string;
  /** As it is declared, never what stands in its place; undefined when there is none. */
  route: string | undefined;
  status: number;
  /** Who asked did not wait for the answer. */
  aborted: boolean;
  ms: number;
}

/** Tells of each request once it is answered, or given up by who asked. */
export function onceAnswered(...tell: ((answered: Answered) => void)[]): RequestHandler {
  return (req, res, next) => {
    const start = performance.now();
    res.on('close', () => {
      const ms = performance.now() - start;
      const { method } = req;
      const answered = { method, route: routeOf(req), status: res.statusCode, aborted: !res.writableFinished, ms };
      for (const one of tell) one(answered);
    });
    next();
  };
}

/** Logs a request: the route, never what stands in its place, and no query, header or body. */
export function requestLog(logger: Logger): (answered: Answered) => void {
  return ({ method, route, status, aborted, ms }) => {
    const line = { method, route, status, ms: Math.round(ms), ...(aborted ? { aborted } : {}) };
    logger[isProbe(route) ? 'debug' : 'info'](line, 'request');
  };
}

const routeOf = ({ baseUrl, route }: Request): string | undefined =>
  route ? `${baseUrl}${(route as { path: unknown }).path}` : undefined;

/** Probes come every few seconds. */
const PROBES = ['/healthz', '/readyz', '/metrics'];
const isProbe = (route: string | undefined) => route !== undefined && PROBES.includes(route);
