import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Closable } from '../../src/lifecycle.js';
import { closeAfterRun } from './run.js';
import { until } from './until.js';

/** A real process of ours: a worker, a producer, the CLI. */
export interface Process extends Closable {
  readonly pid: number;
  /** What it wrote so far, to standard output and error. */
  output(): string;
  /** Waits until its output contains the text. */
  says(text: string | RegExp, timeoutMs?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** Kills it if it still runs. */
  close(): Promise<void>;
}

/**
 * Starts a compiled file of this project; killed at the end of the run if not before.
 *
 * @param path from the project's root, e.g. `workers/commit.js`
 * @param environment the whole environment besides PATH
 */
export function startProcess(
  path: string,
  { args = [], environment = {}, cwd }: { args?: string[]; environment?: Record<string, string>; cwd?: string } = {},
): Process {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd ? { cwd } : {}),
  });
  return closeAfterRun(follow(child));
}

function follow(child: ChildProcess): Process {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  let ended = false;
  const exited = once(child, 'close').then(([code, signal]) => {
    ended = true;
    return code ?? signal;
  });
  return {
    pid: child.pid as number,
    output: () => output,
    async says(text, timeoutMs = 20_000) {
      const said = () => (typeof text === 'string' ? output.includes(text) : text.test(output));
      await until(() => said() || ended, { timeoutMs, what: `process says ${text}; it said:\n${output}` });
      if (!said()) throw new Error(`the process ended without saying ${text}; it said:\n${output}`);
    },
    signal: (signal) => void child.kill(signal),
    exited,
    async close() {
      if (!ended) child.kill('SIGKILL');
      await exited;
    },
  };
}
