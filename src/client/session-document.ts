import type { JsonObject } from '../domain/views.js';

/** Where a bot's session keeps the sessions that have a name, and values that are no objects. */
const NAMED = '$sessions';

/** The value under a name in a bot's session of a user; the one without a name is the session itself. */
export function valueIn(document: JsonObject, name: string): unknown {
  const { own, named } = split(document);
  if (Object.hasOwn(named, name)) return named[name];
  return name === '' && !isEmpty(own) ? own : undefined;
}

/** The names that a bot's session of a user has values under. */
export function namesIn(document: JsonObject): string[] {
  const { own, named } = split(document);
  return [...(isEmpty(own) ? [] : ['']), ...Object.keys(named)];
}

/** A bot's session with a value put under a name; undefined removes it. The other values stay. */
export function withValue(document: JsonObject, name: string, value: unknown): JsonObject {
  const { own, named } = split(document);
  const { [name]: _, ...others } = named;
  const rest = name === '' ? {} : own;
  if (value === undefined) return joined(rest, others);
  if (name === '' && isObject(value) && !isEmpty(value) && !Object.hasOwn(value, NAMED)) return joined(value, others);
  return joined(rest, { ...others, [name]: value });
}

function split({ [NAMED]: named, ...own }: JsonObject): { own: JsonObject; named: JsonObject } {
  return { own, named: isObject(named) ? named : {} };
}

const joined = (own: JsonObject, named: JsonObject): JsonObject => (isEmpty(named) ? own : { ...own, [NAMED]: named });

const isEmpty = (object: JsonObject) => Object.keys(object).length === 0;

// A class instance is no JSON: as it is, it is refused with its name.
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
