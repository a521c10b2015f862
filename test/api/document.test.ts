import { Validator } from '@seriousme/openapi-schema-validator';
import type { Queue } from 'bullmq';
import { expect } from 'chai';
import type { Router } from 'express';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { createApp } from '../../src/api/app.js';
import { components } from '../../src/api/openapi/components.js';
import { Waits } from '../../src/api/units/waits.js';
import { readConfig } from '../../src/config.js';
import { EventQueues } from '../../src/event-queue.js';
import { JobWatchers } from '../../src/job-watcher.js';
import { closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { operationNames } from '../../src/operations/registry.js';
import { UnitQueues } from '../../src/queue.js';
import { openWorkerRedis } from '../../src/redis.js';
import { arbitraryUnit } from '../helpers/arbitrary.js';
import { freshDatabase } from '../helpers/databases.js';
import { freshRedisUrl } from '../helpers/redis.js';
import { startTestApi, type TestApi } from './harness.js';
import { Contract, type OpenApiDocument } from './openapi.js';

describe('The OpenAPI document', () => {
  let api: TestApi;
  let contract: Contract;

  before(async () => {
    api = await startTestApi();
    contract = new Contract((await (await fetch(`${api.url}/openapi.json`)).json()) as OpenApiDocument);
  });
  after(() => api.close());

  it('is OpenAPI 3.1 by the book', async () => {
    const result = await new Validator().validate({ ...structuredClone(contract.document) });
    expect(result).to.deep.include({ valid: true });
    expect(contract.document.openapi).to.equal('3.1.0');
  });

  it('has an example of everything, and each fits', () => {
    const { schemas } = contract.document.components;
    for (const [name, { examples = [] }] of Object.entries(schemas)) {
      for (const example of examples) contract.expectValid(name, { $ref: `#/components/schemas/${name}` }, example);
    }
    const answers = contract.operations().flatMap(({ operation }) => Object.values(operation.responses));
    for (const { content = {} } of answers) {
      const { schema } = content['application/json'] ?? {};
      const name = (schema as { $ref?: string } | undefined)?.$ref?.split('/').pop();
      if (name) expect(schemas[name]?.examples, name).to.have.length.above(0);
    }
  });

  it('gives no name to two schemas', () => {
    const names = [...components.map(([id]) => id), ...operationNames, 'Operations'];
    expect(Object.keys(contract.document.components.schemas)).to.have.length(names.length);
  });

  it('takes every unit that the API takes', () => {
    fc.assert(
      fc.property(arbitraryUnit, ({ operations }) => {
        // That spaces around a code do not matter is between us and people who type.
        const body = JSON.parse(JSON.stringify({ operations }).replaceAll('" NEW"', '"NEW"'));
        contract.expectValid('a unit', { $ref: '#/components/schemas/Operations' }, body);
      }),
    );
  });

  it('tells programs that ids are wider than 32 bits', () => {
    const { User } = contract.document.components.schemas;
    expect(User).to.deep.nested.include({ 'properties.telegramId': { type: 'integer', format: 'int64' } });
  });

  it('names every route that there is', async () => {
    const documented = contract.operations().map(({ method, path }) => `${method} ${path}`);
    const app = await openApp();
    try {
      const found = routesOf(app.router).filter((route) => !/^\w+ \/(admin|docs)(\/|$)/.test(route));
      expect(found.sort()).to.deep.equal(documented.sort());
    } finally {
      await app.close();
    }
  });
});

async function openApp() {
  const redisUrl = await freshRedisUrl();
  const fresh = await freshDatabase('sqlite');
  const redis = openWorkerRedis(redisUrl);
  const units = new UnitQueues(redis, 1);
  const { router } = createApp({
    config: readConfig({ DATABASE_URL: fresh.url, REDIS_URL: redisUrl }),
    database: fresh.database,
    replicas: [],
    redis,
    units,
    schedule: units.all[0] as Queue,
    events: new EventQueues(redis, {}),
    watchers: new JobWatchers(redisUrl, units),
    waits: new Waits(),
    metrics: new Registry(),
    logger: createLogger('test', 'silent'),
  });
  return { router, close: () => closeAll([fresh, { close: () => redis.quit() }, units]) };
}

interface Layer {
  /** Whether it was added without a path. */
  slash: boolean;
  match(path: string): unknown;
  handle: { stack?: Layer[] };
  route?: { path: string; methods: Record<string, boolean> };
}

/** Every route of an app, as `get /v1/users/{telegramId}`. */
function routesOf(router: Router): string[] {
  return (router.stack as unknown as Layer[]).flatMap((layer) => {
    const { route, handle, slash } = layer;
    if (route) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
      // What answers all methods is how a path says 405.
      const methods = Object.keys(route.methods).filter((method) => method !== '_all');
      return methods.map((method) => `${method} ${path}`);
    }
    if (!handle.stack) return [];
    if (slash) return routesOf(handle as unknown as Router);
    // What is mounted at a path hides its routes from us; Bull Board may.
    expect(layer.match('/admin/queues/'), 'a router mounted at a path').to.be.an('object');
    return [];
  });
}
