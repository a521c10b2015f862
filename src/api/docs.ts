import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type RequestHandler, Router } from 'express';
import { answerJson, compress } from './answer.js';
import { openApiDocument as documentSchema } from './answers.js';
import { docsHeaders } from './headers.js';
import { openApiDocument } from './openapi/document.js';
import { only, Problem } from './problem.js';
import { Routes } from './route.js';

/** `/openapi.json`: what there is to ask, for programs. It describes the routes given, and itself. */
export function documentRoutes(routes: readonly Routes[]): Routes {
  const own = new Routes('document', 'open');
  let document: object | undefined;
  own.add(
    {
      id: 'getOpenApiDocument',
      method: 'get',
      path: '/openapi.json',
      summary: 'This document',
      params: {},
      query: {},
      answers: { 200: { description: 'OpenAPI 3.1', schema: documentSchema } },
    },
    (_req, res) => {
      document ??= openApiDocument([...routes, own]);
      res.set('Cache-Control', 'no-cache');
      answerJson(res, document);
    },
  );
  return own;
}

const ASSETS = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: false });
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>API · botledger</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="docs"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
`;

/** `/docs`: the same for people, with nothing from elsewhere. */
export function docsRouter(): Router {
  const router = Router();
  router.use('/docs', compress, docsHeaders, revalidated);
  router
    .route('/docs')
    .get((_req, res) => void res.type('html').send(PAGE))
    .all(only('GET', 'HEAD'));
  router
    .route('/docs/start.js')
    .get((_req, res) => void res.type('js').send(START))
    .all(only('GET', 'HEAD'));
  router
    .route('/docs/:asset')
    .get((req, res, next) => {
      const { asset } = req.params;
      if (!['swagger-ui.css', 'swagger-ui-bundle.js'].includes(asset))
        throw new Problem(404, 'There is nothing at this address');
      res.sendFile(join(ASSETS, asset), (error) => error && next(error));
    })
    .all(only('GET', 'HEAD'));
  return router;
}

const revalidated: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-cache');
  next();
};
