import { hash } from 'node:crypto';
import compression from 'compression';
import type { RequestHandler, Response } from 'express';

/** Bytes. To compress a session of 3 KB takes 0.15 ms, and bots are near: that is as long as its whole answer takes. */
const WORTH_COMPRESSING = 8_192;

/** Compresses what is large enough for whoever takes that. It slows down every answer, also those that it leaves be. */
export const compress: RequestHandler = compression({ threshold: WORTH_COMPRESSING });

/**
 * Answers with JSON, or with 304 when the client has just this already; compressed where it is worth it. It is printed
 * once and leaves in one piece with its headers, which `res.json` does not manage.
 */
export function answerJson(res: Response, body: unknown): void {
  const text = JSON.stringify(body);
  res.setHeader('ETag', `W/"${hash('sha1', text, 'base64url')}"`);
  if (res.req.fresh) return void res.status(304).end();

  const bytes = Buffer.byteLength(text);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', bytes);
  if (bytes < WORTH_COMPRESSING) res.end(text);
  else void compress(res.req, res, () => res.end(text));
}
