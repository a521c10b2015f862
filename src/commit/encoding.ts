import type { Dialect, Row } from '../database.js';
import type { Column, ColumnKind } from './tables.js';

/** The id of a row that is not inserted yet. It stands in rows and outcomes, and prints as its number afterwards. */
export class NewId {
  value: number | undefined;
  toJSON(): number {
    if (this.value === undefined) throw new TypeError('the id of a new row was printed before the row was inserted');
    return this.value;
  }
}

const ISO_LENGTH = '2026-01-15T12:00:00.000Z'.length;

/** Turns values of a column into what the driver takes; undefined and null are null. */
export function encoderOf(dialect: Dialect, { kind }: Column): (value: unknown) => unknown {
  return kind === 'time' ? timeEncoder(dialect) : encoders[kind];
}

const asItIs = (value: unknown) => value ?? null;

const encoders: Readonly<Record<Exclude<ColumnKind, 'time'>, (value: unknown) => unknown>> = {
  number: (value) => (value instanceof NewId ? value.toJSON() : (value ?? null)),
  text: asItIs,
  money: asItIs,
  boolean: asItIs,
  json: (value) => (typeof value === 'object' && value ? JSON.stringify(value) : (value ?? null)),
};

/** Many rows of a batch have the same moment, that of its commit: it is printed once. */
function timeEncoder(dialect: Dialect): (value: unknown) => unknown {
  let last: unknown;
  let text: string | undefined;
  return (value) => {
    if (!value) return null;
    if (value !== last) text = encodeTime(dialect, value as Date);
    last = value;
    return text;
  };
}

function encodeTime(dialect: Dialect, moment: Date): string {
  const iso = moment.toISOString();
  // Five digits of a year fit neither PostgreSQL's notation nor the order in which SQLite compares text.
  if (iso.length > ISO_LENGTH) throw new RangeError(`${iso} is later than the year 9999, which nothing may be`);
  // The form in which Sequelize keeps dates in SQLite, so that its reads and comparisons agree with ours.
  return dialect === 'postgres' ? iso : `${iso.slice(0, 10)} ${iso.slice(11, 23)} +00:00`;
}

/** Rows as the driver gives them, with the values that SQLite has no type for turned into what PostgreSQL gives. */
export function decode(dialect: Dialect, columns: readonly Column[], rows: Row[]): Row[] {
  if (dialect === 'postgres') return rows;
  for (const { property, kind } of columns) {
    const read = readSqlite[kind];
    if (!read) continue;
    for (const row of rows) if (row[property] !== null) row[property] = read(row[property]);
  }
  return rows;
}

const readSqlite: { [K in ColumnKind]?: (value: unknown) => unknown } = {
  time: (value) => new Date(value as string),
  boolean: Boolean,
  money: (value) => Number(value).toFixed(2),
};
