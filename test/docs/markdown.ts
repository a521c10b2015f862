/** A fenced block of code in a document. */
export interface CodeBlock {
  language: string;
  /** The file that its first line names, e.g. `src/models/user.ts`. */
  file: string;
  /** What follows that line, without the indentation of the fence. */
  lines: string[];
}

/** The fenced blocks whose first line is a comment that names what they are. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^( *)```(\w+)\n(.*?)\n *```$/gms)].flatMap(
    ([, indent = '', language = '', code = '']) => {
      const [first = '', ...lines] = code.split('\n').map((line) => line.slice(indent.length));
      const [, file] = /^ ?\/\/ (.+)$/.exec(first) ?? [];
      return file ? [{ language, file, lines }] : [];
    },
  );
}

/**
 * Puts the lines marked `+` below the lines shown above them.
 *
 * @throws Error when a shown line is not there exactly once
 */
export function applyAdditions(text: string, { file, lines }: CodeBlock): string {
  const result = text.split('\n');
  let below = -1;
  for (const line of lines) {
    const content = line.slice(1);
    if (line.startsWith('+')) result.splice(++below, 0, content);
    else if (result.filter((other) => other === content).length === 1) below = result.indexOf(content);
    else throw new Error(`${file} should have exactly one line "${content}"`);
  }
  return result.join('\n');
}

/** The tables of a document: the heading each stands under, and its rows as cells, without the head. */
export function tables(markdown: string): { heading: string; rows: string[][] }[] {
  const found: { heading: string; rows: string[][] }[] = [];
  let heading = '';
  let inTable = false;
  for (const line of markdown.split('\n')) {
    const [, title] = /^#+ (.+)$/.exec(line) ?? [];
    if (title) heading = title.replaceAll('`', '');
    if (!line.startsWith('|')) {
      inTable = false;
      continue;
    }
    if (!inTable) found.push({ heading, rows: [] });
    inTable = true;
    found.at(-1)?.rows.push(cellsOf(line));
  }
  return found.map(({ heading: title, rows }) => ({ heading: title, rows: rows.slice(2) }));
}

const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
