import type { FailedJob } from './jobs.js';

const COLUMNS = 80;
const INDENT = '   ';

/** A reason is cut after so many lines; `--json` has all of it. */
const MOST_LINES = 6;

/** A failed job for people: no line is longer than a terminal, but for an id that is. */
export function describeJob({ id, queue, failedAt, attempts, bot, operations, reason }: FailedJob): string {
  const when = failedAt ? `${failedAt.toISOString().slice(0, 19)}Z` : 'at an unknown time';
  const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  const [name, about] = [plain(id), plain(`${queue}  ${when}  ${times}`)];
  const first = name.length + about.length + 2 <= COLUMNS ? [`${name}  ${about}`] : [name, INDENT + about];
  const lines = wrap(plain(reason) || 'no reason is known');
  const cut = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), '… (--json shows all of it)'] : lines;
  const what = plain([bot, operations].filter(Boolean).join('  '));
  return [...first, ...[...wrap(what), ...cut].map((line) => INDENT + line)].join('\n');
}

/** The same for machines. */
export function jsonOfJob({ payload, ...job }: FailedJob, withPayload: boolean): string {
  return JSON.stringify(withPayload ? { ...job, payload } : job);
}

/** What anybody may have written, without what a terminal would obey. */
const plain = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');

function wrap(text: string): string[] {
  const width = COLUMNS - INDENT.length;
  const lines: string[] = [];
  for (let rest = text.trim(); rest; ) {
    const space = rest.length > width ? rest.lastIndexOf(' ', width) : rest.length;
    const end = space > 0 ? Math.min(space, rest.length) : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return lines;
}
