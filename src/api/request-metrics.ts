import { Histogram, type Registry } from 'prom-client';
import type { Answered } from './request-log.js';

/** Measures requests. */
export function requestMetrics(metrics: Registry): (answered: Answered) => void {
  const seconds = new Histogram({
    name: 'botledger_http_request_duration_seconds',
    help: 'How long requests took, by route and status; aborted, when who asked did not wait for the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [metrics],
  });
  return ({ method, route, status, aborted, ms }) => {
    // A method that no route has may be anything that somebody thought of.
    const asked = { method: route ? method : 'other', route: route ?? 'none' };
    seconds.observe({ ...asked, status: aborted ? 'aborted' : String(status) }, ms / 1_000);
  };
}
