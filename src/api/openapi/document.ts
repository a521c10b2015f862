import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import type * as z from 'zod';
import { problem } from '../answers.js';
import type { Answer, DescribedRoute, Routes } from '../route.js';
import { type JsonSchema, namedSchemas, parameterSchema, reference } from './schemas.js';

const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));

/** The OpenAPI document of these routes, as plain JSON. */
export function openApiDocument(groups: readonly Routes[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const group of groups) {
    for (const route of group.described) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [route.method]: operation(group, route) };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'botledger',
      version,
      description: 'Shared users, XP and sessions for a fleet of bots: written through a queue, applied exactly once.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: groups.map(({ kind }) => ({ name: kind })),
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token of your bot, as API_TOKENS has it' },
        metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN' },
      },
    },
  };
}

function operation({ kind, access }: Routes, route: DescribedRoute): Record<string, unknown> {
  const { id, summary, details, params, query, headers = {}, body } = route;
  return {
    operationId: id,
    tags: [kind],
    summary,
    ...(details && { description: details }),
    security: access === 'open' ? [] : [{ [access]: [] }],
    parameters: [...parameters('path', params), ...parameters('query', query), ...parameters('header', headers)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } } }),
    responses: responses(route, access),
  };
}

function parameters(where: 'path' | 'query' | 'header', shape: z.core.$ZodLooseShape): object[] {
  return Object.entries(shape).map(([name, schema]) => {
    const { description, examples: _, example, ...rest } = parameterSchema(schema as z.ZodType);
    const required = !(schema as z.ZodType).safeParse(undefined).success;
    return {
      name: where === 'header' ? name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()) : name,
      in: where,
      required,
      schema: rest,
      ...(description ? { description } : {}),
      ...(example !== undefined && { example }),
    };
  });
}

function responses(route: DescribedRoute, access: Routes['access']): Record<string, object> {
  const answers = Object.entries(route.answers).map(([status, answer]) => [status, response(route, answer)] as const);
  const problems = Object.entries({ ...usualProblems(route, access), ...route.problems })
    .filter(([status]) => !(status in route.answers))
    .map(([status, description]) => [status, problemResponse(Number(status), description)] as const);
  const unchanged = { description: 'The answer is the one whose ETag came with If-None-Match' };
  return Object.fromEntries([
    ...answers,
    ...(route.method === 'get' && access === 'token' ? [['304', unchanged] as const] : []),
    ...problems,
    ['default', problemResponse(500, 'Something went wrong')],
  ]);
}

function response({ method }: DescribedRoute, { description, schema, text, headers = {} }: Answer): object {
  const etag = method === 'get' ? { ETag: 'For If-None-Match' } : {};
  return {
    description,
    ...headerObjects({ ...headers, ...etag }),
    ...(schema && { content: { 'application/json': { schema: reference(schema) } } }),
    ...(text && { content: { 'text/plain': { schema: { type: 'string' }, example: text } } }),
  };
}

/** What goes wrong with any route of its kind. */
function usualProblems({ params, query, body }: DescribedRoute, access: Routes['access']): Record<number, string> {
  if (access === 'open') return {};
  if (access === 'metrics') return { 401: 'There is no token, or it is not METRICS_TOKEN' };
  const takesInput = Object.keys({ ...params, ...query }).length > 0 || body !== undefined;
  return {
    400: takesInput ? 'The request does not fit; `errors` says where' : 'There is a parameter that is not known',
    401: 'There is no token, or nobody knows it',
    ...('bot' in params ? { 403: 'The token is that of another bot' } : {}),
    429: 'Too many requests with this token',
    503: 'The database or Redis is away: try again soon',
  };
}

const HEADERS: Readonly<Record<number, Record<string, string>>> = {
  401: { 'WWW-Authenticate': 'How to show a token' },
  429: { 'Retry-After': 'Seconds after which to try again' },
  503: { 'Retry-After': 'Seconds after which to try again' },
};

function problemResponse(status: number, description: string): object {
  const example = { type: 'about:blank', title: STATUS_CODES[status], status, detail: description, instance: '/v1/…' };
  return {
    description,
    ...headerObjects(HEADERS[status] ?? {}),
    content: { 'application/problem+json': { schema: reference(problem), example } },
  };
}

function headerObjects(headers: Readonly<Record<string, string>>): { headers?: Record<string, object> } {
  const described = ([name, description]: [string, string]) => [
    name,
    { description, required: true, schema: { type: 'string' } satisfies JsonSchema },
  ];
  const entries = Object.entries(headers).map(described);
  return entries.length > 0 ? { headers: Object.fromEntries(entries) } : {};
}
