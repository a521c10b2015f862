import type { RequestHandler } from 'express';

/**
 * Lets every client have its 304. Node's fetch, and browsers', send `Cache-Control: no-cache` along with each
 * If-None-Match; that is a word to caches on the way, but Express would take it as a wish for the whole answer.
 */
export const answerUnchanged: RequestHandler = (req, _res, next) => {
  if (req.headers['if-none-match'] !== undefined) delete req.headers['cache-control'];
  next();
};
