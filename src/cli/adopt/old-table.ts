import type { Dialect } from '../../database.js';

/** How the columns of an old table are read, as SQL over its row `o`. */
export class OldTable {
  constructor(
    readonly dialect: Dialect,
    readonly name: string,
    readonly columns: ReadonlySet<string>,
  ) {}

  /** A column as it is; `otherwise` where it is missing or NULL. */
  value(column: string, otherwise = 'NULL'): string {
    if (!this.columns.has(column)) return otherwise;
    return otherwise === 'NULL' ? `o.${column}` : `COALESCE(o.${column}, ${otherwise})`;
  }

  /** The first of these moments that is there; what has no zone is UTC. Now, if none is. */
  time(...columns: string[]): string {
    return `COALESCE(${[...columns.map((column) => this.moment(column)), this.#now()].join(', ')})`;
  }

  /** A moment, or NULL. */
  moment(column: string): string {
    if (!this.columns.has(column)) return 'NULL';
    // SQLite keeps dates in the form in which Sequelize writes and compares them.
    return this.dialect === 'sqlite'
      ? `strftime('%Y-%m-%d %H:%M:%f', o.${column}) || ' +00:00'`
      : `CASE WHEN pg_typeof(o.${column}) = 'timestamptz'::regtype THEN o.${column}::timestamptz
           ELSE o.${column}::timestamp AT TIME ZONE 'UTC' END`;
  }

  /** A native enumeration as upper-case text. */
  word(column: string): string {
    return `upper(CAST(o.${column} AS ${this.dialect === 'sqlite' ? 'TEXT' : 'VARCHAR'}))`;
  }

  /** JSON of the first of these columns that exists. */
  json(columns: readonly string[], otherwise = 'NULL'): string {
    const column = columns.find((each) => this.columns.has(each));
    if (!column) return otherwise;
    const json = this.dialect === 'sqlite' ? `o.${column}` : `o.${column}::json`;
    return otherwise === 'NULL' ? json : `COALESCE(${json}, ${otherwise})`;
  }

  /** Keeps one row of each group: the first in this order. */
  firstOf(group: string, order: string): string {
    return `o.id IN (SELECT id FROM (SELECT o.id, row_number() OVER (PARTITION BY ${group} ORDER BY ${order}) AS place
      FROM ${this.name} AS o) AS ranked WHERE place = 1)`;
  }

  /** The larger of two values. */
  larger(a: string, b: string): string {
    return this.dialect === 'sqlite' ? `max(${a}, ${b})` : `greatest(${a}, ${b})`;
  }

  /** Whether a flag is set; where it is missing, `otherwise`. */
  flag(column: string, otherwise: boolean): string {
    return this.columns.has(column) ? `COALESCE(o.${column}, ${otherwise})` : String(otherwise);
  }

  #now(): string {
    return this.dialect === 'sqlite' ? "strftime('%Y-%m-%d %H:%M:%f', 'now') || ' +00:00'" : 'now()';
  }
}
