import type { Dialect } from '../../database.js';

/** How the columns of an old table are read, as SQL over its row `o`. */
export class OldTable {
  readonly #moments = new Set<string>();
  readonly #documents = new Set<string>();

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
    this.#moments.add(column);
    // To the millisecond, like ours: pages are cut by times that went through JavaScript. SQLite keeps dates in the form
    // in which Sequelize writes and compares them.
    return this.dialect === 'sqlite'
      ? `strftime('%Y-%m-%d %H:%M:%f', o.${column}) || ' +00:00'`
      : `date_trunc('milliseconds', CASE WHEN pg_typeof(o.${column}) = 'timestamptz'::regtype
           THEN o.${column}::timestamptz ELSE o.${column}::timestamp AT TIME ZONE 'UTC' END)`;
  }

  /** A native enumeration as upper-case text, of the row `o` or another one. */
  word(column: string, row = 'o'): string {
    return `upper(CAST(${row}.${column} AS ${this.dialect === 'sqlite' ? 'TEXT' : 'VARCHAR'}))`;
  }

  /** JSON of the first of these columns that exists; SQLAlchemy writes Python's None as the JSON `null`. */
  json(columns: readonly string[], otherwise = 'NULL'): string {
    const column = columns.find((each) => this.columns.has(each));
    if (!column) return otherwise;
    this.#documents.add(column);
    const json = this.dialect === 'sqlite' ? `o.${column}` : `o.${column}::json`;
    return `CASE WHEN COALESCE(CAST(o.${column} AS TEXT), 'null') = 'null' THEN ${otherwise} ELSE ${json} END`;
  }

  /** Where a column holds JSON that is no object. */
  isNoObject(column: string): string {
    if (!this.columns.has(column)) return 'FALSE';
    const [valid, type] =
      this.dialect === 'sqlite'
        ? [`json_valid(o.${column})`, `json_type(o.${column})`]
        : ['TRUE', `json_typeof(o.${column}::json)`];
    return `CASE WHEN o.${column} IS NOT NULL AND ${valid} THEN ${type} NOT IN ('object', 'null') ELSE FALSE END`;
  }

  /** Where the columns asked for as times or JSON hold neither: SQLite takes any text for both. */
  unreadable(): Record<string, string> {
    if (this.dialect === 'postgres') return {};
    const times = [...this.#moments].map((column) => [
      `no time in ${column}`,
      `o.${column} IS NOT NULL AND (typeof(o.${column}) <> 'text' OR strftime('%s', o.${column}) IS NULL)`,
    ]);
    const documents = [...this.#documents].map((column) => [
      `no JSON in ${column}`,
      `o.${column} IS NOT NULL AND NOT json_valid(o.${column})`,
    ]);
    return Object.fromEntries([...times, ...documents]);
  }

  /** Keeps one row of each group: the first in this order. */
  firstOf(group: string, order: string): string {
    return this.#placed('= 1', group, order);
  }

  /** The rows of each group besides its first. */
  furtherOf(group: string): string {
    return this.#placed('> 1', group, 'o.id');
  }

  /** The larger of two values. */
  larger(a: string, b: string): string {
    return this.dialect === 'sqlite' ? `max(${a}, ${b})` : `greatest(${a}, ${b})`;
  }

  /** Whether a flag is set; where it is missing, `otherwise`. */
  flag(column: string, otherwise: boolean): string {
    return this.columns.has(column) ? `COALESCE(o.${column}, ${otherwise})` : String(otherwise);
  }

  // Joined as a whole: old tables have no index on what rows are grouped by, so looking groups up row by row takes hours.
  #placed(place: string, group: string, order: string): string {
    return `o.id IN (SELECT id FROM (SELECT o.id, row_number() OVER (PARTITION BY ${group} ORDER BY ${order}) AS place
      FROM ${this.name} AS o) AS ranked WHERE place ${place})`;
  }

  #now(): string {
    return this.dialect === 'sqlite' ? "strftime('%Y-%m-%d %H:%M:%f', 'now') || ' +00:00'" : 'now()';
  }
}
