import { setTimeout as pause } from 'node:timers/promises';
import type { Closable } from '../src/lifecycle.js';
import { type Process, startProcess } from '../test/helpers/processes.js';

/** How soon a process that ended by itself is started again, as whoever supervises it would. */
const RESTART_AFTER_MS = 500;

/** A process that is started again when it ends. */
export class Service implements Closable {
  readonly name: string;
  readonly #start: () => Process;
  readonly #former: string[] = [];
  #process: Process;
  #wanted = true;
  #closed = false;
  /** How often it ended although nobody killed it. */
  exits = 0;

  /**
   * @param path compiled, e.g. `workers/commit.js`
   * @param options.environment all of it
   */
  constructor(name: string, path: string, options: { args?: string[]; environment: Record<string, string> }) {
    this.name = name;
    this.#start = () => startProcess(path, options);
    this.#process = this.#launch();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Waits until it says this, in its present life or the next. */
  says(text: string, timeoutMs?: number): Promise<void> {
    return this.#process.says(text, timeoutMs);
  }

  /** Ends it with a signal, and starts it again after a while. */
  async restart(signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void> {
    await this.#end(signal);
    this.#former.push(this.#process.output());
    await pause(downMs);
    if (!this.#closed) this.#process = this.#launch();
  }

  /** Stops it, in the middle of whatever it does, for a while. */
  async freeze(ms: number): Promise<void> {
    const frozen = this.#process;
    frozen.signal('SIGSTOP');
    await pause(ms);
    frozen.signal('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** What it wrote in all its lives. */
  output(): string {
    return [...this.#former, this.#process.output()].join('--- started again ---\n');
  }

  /** Ends it for good, in order if it can. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#end('SIGTERM');
  }

  #launch(): Process {
    this.#wanted = true;
    const process = this.#start();
    void process.exited.then(async () => {
      if (process !== this.#process || !this.#wanted) return;
      this.exits++;
      await pause(RESTART_AFTER_MS);
      if (process !== this.#process || !this.#wanted) return;
      this.#former.push(process.output());
      this.#process = this.#launch();
    });
    return process;
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#wanted = false;
    const process = this.#process;
    process.signal(signal);
    const killed = setTimeout(() => process.signal('SIGKILL'), LONGEST_CLOSE_MS);
    await process.exited;
    clearTimeout(killed);
  }
}

/** A process closes within 25 s by itself (SHUTDOWN_TIMEOUT_SECONDS). */
const LONGEST_CLOSE_MS = 30_000;
