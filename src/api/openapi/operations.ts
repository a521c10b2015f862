import * as z from 'zod';
import { operationNames } from '../../operations/registry.js';
import { MOST_OPERATIONS, wireSchema } from '../../operations/unit.js';

const operation = z.discriminatedUnion('name', operationNames.map(wireSchema) as unknown as Alternatives);

/** What bots send over HTTP. It describes; what comes in is checked as a unit, which tells more of what is wrong. */
export const operationsBody = z.strictObject({ operations: z.array(operation).min(1).max(MOST_OPERATIONS) });

type Alternatives = [z.ZodObject<{ name: z.ZodLiteral }>];
