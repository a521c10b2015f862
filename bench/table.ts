/** A cell: text as it is, a number with as many digits as its size deserves, nothing when it was not measured. */
export type Cell = string | number | undefined;

/**
 * Prints rows under their headings: the first column to the left, figures to the right.
 *
 * @param say prints a line
 */
export function printTable(say: (line?: string) => void, headings: readonly string[], rows: readonly Cell[][]): void {
  const lines = [headings, ...rows.map((row) => row.map(show))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  say();
  for (const [index, line] of lines.entries()) {
    const cells = line.map((cell, column) => pad(cell, widths[column] ?? 0, column === 0));
    say(cells.join('  ').trimEnd());
    if (index === 0) say(widths.map((width) => '-'.repeat(width)).join('  '));
  }
  say();
}

/** A figure to three digits; thousands in full. */
export function show(cell: Cell): string {
  if (cell === undefined || Number.isNaN(cell)) return '–';
  if (typeof cell === 'string') return cell;
  if (Math.abs(cell) >= 100) return Math.round(cell).toLocaleString('en-US');
  return cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2);
}

const pad = (cell: string, width: number, left: boolean) => (left ? cell.padEnd(width) : cell.padStart(width));
