import { type OperationName, operationNames } from '../operations/registry.js';
import type { WireOperation } from '../operations/unit.js';
import type { UnitMethods } from './methods.js';

/** An operation as it goes on the wire. */
export function wireOperation(name: OperationName, telegramId: number, payload: object = {}): WireOperation {
  return { ...payload, name, telegramId };
}

/** Collects the operations that are called on it. */
export function collectOperations(build: (unit: UnitMethods) => void): WireOperation[] {
  const operations: WireOperation[] = [];
  const methods = operationNames.map((name) => [
    name,
    (telegramId: number, payload?: object) => void operations.push(wireOperation(name, telegramId, payload)),
  ]);
  const outcome: unknown = build(Object.fromEntries(methods) as UnitMethods);
  if (outcome instanceof Promise) {
    outcome.catch(() => undefined);
    throw new TypeError('unit(): the function must not be async; await before it and only call operations inside');
  }
  return operations;
}
