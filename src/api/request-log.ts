import type { Request, RequestHandler } from 'express';
import type { Logger } from '../logger.js';

/** Logs each request once it is answered: the route, never what stands in its place, and no query, header or body. */
export function requestLog(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const start = performance.now();
    res.once('close', () => {
      const route = routeOf(req);
      logger[isProbe(route) ? 'debug' : 'info'](
        {
          method: req.method,
          route,
          status: res.statusCode,
          ms: Math.round(performance.now() - start),
          ...(res.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}

/** The route of a request as it is declared, never what stands in its place; undefined when there is none. */
export const routeOf = ({ baseUrl, route }: Request): string | undefined =>
  route ? `${baseUrl}${(route as { path: unknown }).path}` : undefined;

/** Probes come every few seconds. */
const PROBES = ['/healthz', '/readyz', '/metrics'];
const isProbe = (route: string | undefined) => route !== undefined && PROBES.includes(route);
