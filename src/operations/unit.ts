import { hash } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import * as z from 'zod';
import { ValidationError } from '../errors.js';
import { telegramId } from './fields.js';
import type { Operation, SessionImage } from './operation.js';
import { findOperation, type OperationName, operationNames, operations } from './registry.js';

/** One operation on the wire: its name, its user, and the payload's fields beside them. */
export interface WireOperation {
  name: string;
  /** Absent when the operation names no user. */
  telegramId?: number;
  [field: string]: unknown;
}

/** What one bot sends together: one idempotency key, one ledger row, all or nothing. */
export interface Unit {
  bot: string;
  /** Unique per bot. */
  key: string;
  /** When the bot made it: milliseconds since 1970 by the bot's clock. */
  at: number;
  operations: WireOperation[];
  /** Shows that the bot made it: see `signature.ts`. */
  sig?: string;
}

/** What a BullMQ job carries. */
export interface JobData {
  v: 1;
  units: Unit[];
}

/** An operation whose payload fits its schema, defaults filled in. */
export interface CheckedOperation {
  operation: Operation;
  telegramId: number | undefined;
  payload: Record<string, unknown>;
}

/** A unit that fits its schema. */
export interface FittingUnit {
  bot: string;
  key: string;
  at: Date;
  operations: CheckedOperation[];
  /** The operations as sent, as JSON whose fields are in order. */
  content: string;
  /** Size of that, in bytes. */
  bytes: number;
}

/** A unit that fits its schema, and can be told from others. */
export interface CheckedUnit extends Omit<FittingUnit, 'content'> {
  /** Digest of the operations as sent: the same key with another digest is a conflict. */
  contentHash: string;
}

/** A unit may carry this much JSON by default: far more than a session needs, far less than Redis minds. */
export const DEFAULT_MAX_UNIT_BYTES = 256 * 1024;

/** A unit may have this many operations. */
export const MOST_OPERATIONS = 100;

const MOST_PROBLEMS = 20;

/** 22 characters of base64url are 132 bits: no two contents share them by chance. */
const HASH_CHARACTERS = 22;

export const botName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected 1 to 64 letters, digits, "_", "." or "-"');

export const unitKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'expected 1 to 200 printable ASCII characters without spaces');

// Compiled, as every unit passes here, in the bot and in the worker.
const envelope = z.compile(
  z.strictObject({
    bot: botName,
    key: unitKey,
    at: z.int().min(0),
    operations: z
      .array(z.object({ name: z.string() }))
      .min(1)
      .max(MOST_OPERATIONS),
    sig: z.string().max(100).optional(),
  }),
);

const jobEnvelope = z.compile(z.strictObject({ v: z.literal(1), units: z.array(z.unknown()).min(1).max(10_000) }));

const wireSchemas = new Map(
  operationNames.map((name) => {
    const operation = operations[name] as Operation;
    return [
      name,
      z.compile(
        operation.payload.safeExtend({
          name: z.literal(name),
          ...(operation.subject === 'user' ? { telegramId } : {}),
        }),
      ),
    ] as const;
  }),
);

/** The schema of an operation on the wire: its payload, with `name` and `telegramId` beside it. */
export function wireSchema(name: OperationName): z.ZodObject {
  return wireSchemas.get(name) as z.ZodObject;
}

/**
 * Reads the units out of a job's data, whoever enqueued it. The units themselves are still unchecked.
 *
 * @throws ValidationError when the data is not `{ v: 1, units: [...] }`
 */
export function readJob(data: unknown): unknown[] {
  const parsed = jobEnvelope.safeParse(data);
  if (!parsed.success) throw new ValidationError(firstOf(describe('job', parsed.error)));
  return parsed.data.units;
}

/**
 * Checks a unit against the schemas of its operations.
 *
 * @param raw anything
 * @param maxBytes most bytes of JSON that its operations may take
 * @throws ValidationError naming every field that does not fit
 */
export function checkUnit(raw: unknown, maxBytes?: number): CheckedUnit {
  return digested(fitUnit(raw, maxBytes));
}

/** As `checkUnit`, without the digest: it takes a call at rest as long as all else here, and few bots need it. */
export function fitUnit(raw: unknown, maxBytes: number = DEFAULT_MAX_UNIT_BYTES): FittingUnit {
  const parsed = envelope.safeParse(raw);
  if (!parsed.success) throw new ValidationError(firstOf(describe('unit', parsed.error)));
  // The operations as they came: of their fields, the envelope knows the name alone.
  const unit = raw as Unit;

  const problems: string[] = [];
  const checked: CheckedOperation[] = [];
  unit.operations.forEach((wire, index) => {
    const where = unit.operations.length > 1 ? `operations[${index}] ` : '';
    const operation = findOperation(wire.name) as Operation | undefined;
    if (!operation) {
      problems.push(`${where}name: unknown operation ${quote(wire.name)}, known are ${operationNames.join(', ')}`);
      return;
    }
    const result = wireSchema(operation.name as OperationName).safeParse(wire);
    if (result.success && operation.alone && unit.operations.length > 1)
      problems.push(`${where}${operation.name}: must be the only operation of its unit`);
    else if (result.success)
      checked.push({ operation, telegramId: result.data['telegramId'] as number | undefined, payload: result.data });
    else problems.push(...describe(`${where}${operation.name}`, result.error));
  });
  if (problems.length > 0) throw new ValidationError(firstOf(problems));

  const content = stringify(unit.operations) as string;
  const bytes = Buffer.byteLength(content);
  if (bytes > maxBytes) {
    throw new ValidationError([
      `operations: ${bytes} bytes of JSON, but a unit may have ${maxBytes}: store less, or split it`,
    ]);
  }
  return { bot: unit.bot, key: unit.key, at: new Date(unit.at), operations: checked, content, bytes };
}

/** The unit with the digest of its content. */
export function digested({ bot, key, at, operations, content, bytes }: FittingUnit): CheckedUnit {
  const contentHash = hash('sha256', content, 'base64url').slice(0, HASH_CHARACTERS);
  return { bot, key, at, operations, contentHash, bytes };
}

/** Whether a unit is a deletion, or another operation that stays by itself in its unit, its job and its transaction. */
export const isAlone = ({ operations }: Pick<CheckedUnit, 'operations'>): boolean =>
  operations[0]?.operation.alone === true;

/** What a unit makes of its bot's sessions, by user; empty for a unit that leaves them alone. */
export function sessionImages({ operations, at }: Pick<CheckedUnit, 'operations' | 'at'>): Map<number, SessionImage> {
  const images = new Map<number, SessionImage>();
  for (const { operation, telegramId, payload } of operations) {
    if (!operation.image || telegramId === undefined) continue;
    images.set(telegramId, operation.image(payload, images.get(telegramId) ?? {}, at));
  }
  return images;
}

const LONGEST_JOB_NAME = 80;

/** The name of a job in Bull Board: its operations, `saveSession+addXp`, or `pack ×N` for several units. */
export function jobName(units: readonly Pick<Unit, 'operations'>[]): string {
  const [unit] = units;
  return units.length === 1 && unit ? nameOf(unit.operations) : `pack ×${units.length}`;
}

/** The names of a unit's operations, as one. */
export function nameOf(operations: readonly { readonly name: string }[]): string {
  const name = operations.map((operation) => operation.name).join('+');
  return name.length <= LONGEST_JOB_NAME ? name : `${name.slice(0, LONGEST_JOB_NAME - 1)}…`;
}

/** One line per problem, the field first: `addXp.xp: expected int, received string`. */
export function describe(subject: string, error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    const path = [subject, ...issue.path.map((part) => clip(String(part)))].join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${path}.${quoteIfOdd(key)}: unknown field, remove it`);
    }
    return [`${path}: ${lowerFirst(issue.message)}`];
  });
}

/** A reason is read by people: the first problems tell enough of a payload that is wrong all over. */
function firstOf(problems: readonly string[]): readonly string[] {
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `${more} more problems`] : problems;
}

const clip = (text: string) => (text.length <= 64 ? text : `${text.slice(0, 63)}…`);
const quote = (text: string) => JSON.stringify(clip(text));
const quoteIfOdd = (key: string) => (/^\w{1,64}$/.test(key) ? key : quote(key));
const lowerFirst = (text: string) =>
  text.replace(/^Invalid input: /, '').replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase());
