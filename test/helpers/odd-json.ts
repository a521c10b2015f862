import fc from 'fast-check';
import type { Unit } from '../../src/operations/unit.js';
import { arbitraryUnit } from './arbitrary.js';

/** Fields that mean something to JavaScript, to zod, or to us. */
const oddKey = fc.constantFrom('__proto__', 'constructor', 'toString', 'name', 'telegramId', 'operations', '', '\0');

export const oddJson = fc.jsonValue({ maxDepth: 5, noUnicodeString: false });
export const oddObject = fc.dictionary(fc.oneof(oddKey, fc.string({ unit: 'binary' })), oddJson, { maxKeys: 6 });

/** An object with another value in one of its fields, or with a field more. */
export const spoiled = <T extends object>(object: T): fc.Arbitrary<T> =>
  fc
    .record({ field: fc.constantFrom(...Object.keys(object), 'extra'), value: fc.oneof(oddJson, oddObject) })
    .map(({ field, value }) => ({ ...object, [field]: value }));

/** Units that fit, but for one field of one of their operations. */
export const nearlyRightUnit: fc.Arbitrary<Unit> = fc.tuple(arbitraryUnit, fc.nat()).chain(([unit, nat]) => {
  const place = nat % unit.operations.length;
  return spoiled(unit.operations[place] as object).map((operation) => ({
    ...unit,
    operations: unit.operations.with(place, operation as Unit['operations'][number]),
  }));
});
