import { ValidationError } from '../errors.js';
import { type OperationName, operationNames, operations } from '../operations/registry.js';
import type { WireOperation } from '../operations/unit.js';
import type { UnitMethods } from './methods.js';

/** The arguments of an operation's method: who, unless the operation names no user, what, and what else was given. */
export type MethodArguments =
  | [telegramId: number, payload?: object, ...rest: unknown[]]
  | [payload: object, ...unknown[]];

/**
 * An operation as it goes on the wire, and the arguments that are left. Its own fields stand first: a spread is twenty
 * times slower when fields come after it.
 */
export function wireOperation(name: OperationName, args: MethodArguments): { wire: WireOperation; rest: unknown[] } {
  if (operations[name].subject === 'none') {
    const [payload, ...rest] = args as [object, ...unknown[]];
    return { wire: { name, ...checkPayload(name, payload) }, rest };
  }
  const [telegramId, payload, ...rest] = args as [number, object?, ...unknown[]];
  return { wire: { name, telegramId, ...checkPayload(name, payload) }, rest };
}

/** A field that stands beside the payload on the wire would vanish in silence if it also stood in it. */
function checkPayload(name: OperationName, payload: object | undefined): object | undefined {
  const taken = ['name', 'telegramId'].filter((field) => Object.hasOwn(payload ?? {}, field));
  if (taken.length === 0) return payload;
  throw new ValidationError(taken.map((field) => `${name}.${field}: unknown field, remove it`));
}

/** Collects the operations that are called on it. */
export function collectOperations(build: (unit: UnitMethods) => void): WireOperation[] {
  const collected: WireOperation[] = [];
  const methods = operationNames.map((name) => [
    name,
    (...args: MethodArguments) => void collected.push(wireOperation(name, args).wire),
  ]);
  const outcome: unknown = build(Object.fromEntries(methods) as UnitMethods);
  if (outcome instanceof Promise) {
    outcome.catch(() => undefined);
    throw new TypeError('unit(): the function must not be async; await before it and only call operations inside');
  }
  return collected;
}
