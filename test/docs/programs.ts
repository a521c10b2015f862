import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Fleet } from './fleet.js';
import { codeBlocks } from './markdown.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const fromPython = readFileSync(`${root}docs/from-python.md`, 'utf8');

/** Where the document's programs are put: inside the package, so that they find it by its name. */
const directory = fileURLToPath(new URL('./programs/', import.meta.url));

const run = promisify(execFile);

/** Starts a file of this project, and gives what it printed; its exit code must be 0. */
export async function runFile(file: string, args: string[], environment: Record<string, string>): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment };
  return (await run(process.execPath, [file, ...args], { env })).stdout;
}

/** `botledger …` on the fleet's Redis and database. */
export const botledger = ({ databaseUrl, redisUrl }: Pick<Fleet, 'databaseUrl' | 'redisUrl'>, ...args: string[]) =>
  runFile(`${root}dist/src/cli/main.js`, args, { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });

/** Runs the document's program of that name as it stands, in a process of its own. */
export function runProgram(name: string, environment: Record<string, string>): Promise<string> {
  return withFile(name, codeOf(name), (file) => runFile(file, [], environment));
}

/** Runs an example of a document as it stands, among the given names; answers what it printed. */
export async function runExample(
  name: string,
  given: Record<string, unknown>,
  document = fromPython,
): Promise<string[]> {
  const printed: string[] = [];
  const names = { ...given, console: { log: (...words: unknown[]) => printed.push(words.map(String).join(' ')) } };
  const parameters = `{ ${Object.keys(names).join(', ')} }`;
  await withFile(name, `export default async (${parameters}) => {\n${codeOf(name, document)}\n};`, async (file) => {
    await (await import(pathToFileURL(file).href)).default(names);
  });
  return printed;
}

function codeOf(name: string, document = fromPython): string {
  const block = codeBlocks(document).find(({ file }) => file === name);
  if (!block) throw new Error(`the document has no block "// ${name}"`);
  return block.lines.join('\n');
}

async function withFile<T>(name: string, code: string, use: (file: string) => Promise<T>): Promise<T> {
  mkdirSync(directory, { recursive: true });
  const file = `${directory}${name.replaceAll(' ', '-')}-${process.pid}.mjs`;
  writeFileSync(file, code);
  try {
    return await use(file);
  } finally {
    rmSync(file);
  }
}
