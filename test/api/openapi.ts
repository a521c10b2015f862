import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; example?: unknown }[];
  security: object[];
  responses: Record<string, { headers?: Record<string, unknown>; content?: Record<string, { schema: object }> }>;
}

/** The OpenAPI document as the contract tests read it. */
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { examples?: unknown[] }> };
}

/** Holds answers against the document, and notes what it has seen. */
export class Contract {
  readonly seen = new Set<string>();
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #schemas = new Ajv2020({ strict: false, allErrors: true });

  constructor(readonly document: OpenApiDocument) {
    // It is a CommonJS module whose default export is a property.
    (formats as unknown as typeof formats.default)(this.#schemas);
    this.#schemas.addSchema(document, 'openapi');
  }

  /** Every operation, with its method and its path. */
  operations(): { method: string; path: string; operation: Operation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    );
  }

  /** Every answer that the document names: `getUser 404`. */
  documented(): string[] {
    return this.operations().flatMap(({ operation: { operationId, responses } }) =>
      Object.keys(responses)
        .filter((status) => status !== 'default')
        .map((status) => `${operationId} ${status}`),
    );
  }

  /** Fails unless the document names this answer, with these headers and a body like this. */
  async check(operationId: string, response: Response): Promise<void> {
    const what = `${operationId} ${response.status}`;
    const described = this.operations().find(({ operation }) => operation.operationId === operationId);
    const answer = described?.operation.responses[response.status];
    if (!answer) throw new Error(`the document does not know ${what}: ${await response.text()}`);
    this.seen.add(what);

    for (const header of Object.keys(answer.headers ?? {})) expect(response.headers.has(header), header).to.equal(true);
    const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
    expect(response.headers.get('content-type')?.split(';')[0], what).to.equal(type);
    if (content)
      this.expectValid(what, content.schema, await (type === 'text/plain' ? response.text() : response.json()));
  }

  /** Fails unless the value fits the schema, which may refer to others in the document. */
  expectValid(what: string, schema: object, value: unknown): void {
    const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
    const validate = this.#compiled.get(text) ?? this.#schemas.compile(JSON.parse(text));
    this.#compiled.set(text, validate);
    expect(validate(value), `${what}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(value)}`).to.equal(true);
  }
}
