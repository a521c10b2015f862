import * as z from 'zod';
import { jsonObject, moment } from '../../operations/fields.js';
import { operationNames } from '../../operations/registry.js';
import { wireSchema } from '../../operations/unit.js';
import { components } from './components.js';
import { unit } from './examples.js';
import { operationsBody } from './operations.js';

/** A JSON Schema, which in OpenAPI 3.1 is what a schema is. */
export type JsonSchema = Record<string, unknown>;

const addressOf = (id: string) => `#/components/schemas/${id}`;

const idOf = new Map<z.ZodType, string>([
  ...components.map(([id, schema]) => [schema, id] as const),
  ...operationNames.map((name) => [wireSchema(name), `${name.charAt(0).toUpperCase()}${name.slice(1)}`] as const),
  [operationsBody, 'Operations'],
]);

/** Refers to a schema that stands in the document under its own name. */
export function reference(schema: z.ZodType): JsonSchema {
  const id = idOf.get(schema);
  if (!id) throw new Error('this schema has no name: add it to openapi/components.ts');
  return { $ref: addressOf(id) };
}

/** Every schema that has a name, in alphabetical order. */
export function namedSchemas(): Record<string, JsonSchema> {
  const answers = convert(
    components.map(([, schema]) => schema),
    'output',
  );
  for (const [id, , example] of components) Object.assign(answers[id] ?? {}, { examples: [example] });
  const requests = convert([operationsBody, ...operationNames.map(wireSchema)], 'input');
  Object.assign(requests['Operations'] ?? {}, { examples: [unit] });
  return Object.fromEntries(Object.entries({ ...answers, ...requests }).sort(([a], [b]) => a.localeCompare(b)));
}

/** The schema of one parameter: what its text stands for. */
export const parameterSchema = (schema: z.ZodType): JsonSchema =>
  bare(z.toJSONSchema(schema, { io: 'output', override: polish }));

/** @param io the form in which they travel: as they are sent to us, or as we send them */
function convert(schemas: readonly z.ZodType[], io: 'input' | 'output'): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const schema of schemas) registry.add(schema, { id: idOf.get(schema) as string });
  const converted = z.toJSONSchema(registry, { io, uri: addressOf, override: polish, unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(converted.schemas).map(([id, schema]) => [id, bare(schema)]));
}

/** What zod cannot know, or says at more length than people want to read. */
const polish: NonNullable<z.core.ToJSONSchemaParams['override']> = ({ zodSchema, jsonSchema }) => {
  if (zodSchema === jsonObject) jsonSchema.type = 'object';
  if (zodSchema === moment) {
    delete jsonSchema.anyOf;
    Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
  }
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.type === 'integer') {
    // Programs that are made from the document would take Telegram's ids for 32-bit numbers.
    jsonSchema.format = 'int64';
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  }
  if (zodSchema instanceof z.ZodDiscriminatedUnion) jsonSchema['discriminator'] = discriminatorOf(zodSchema);
};

/** By which field programs tell the alternatives apart, each of which has a name in the document. */
function discriminatorOf({ def, options }: z.ZodDiscriminatedUnion): JsonSchema {
  const propertyName = def.discriminator;
  const mapping = options.map((option) => {
    const { shape } = option as z.ZodObject<Record<string, z.ZodLiteral<string>>>;
    return [shape[propertyName]?.value, reference(option as z.ZodObject)['$ref']];
  });
  return { propertyName, mapping: Object.fromEntries(mapping) };
}

/** Without what names a JSON Schema that stands alone. */
function bare({ $schema: _, $id: __, '~standard': ___, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
