import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Closable } from '../src/lifecycle.js';
import type { Reply, Usage } from './serve.js';

/** A process of its own that does what it is asked, one thing after the other; `serve()` is its other end. */
export class Child implements Closable {
  readonly #process: ChildProcess;
  readonly #name: string;

  /**
   * Forks a script.
   *
   * @param script compiled, e.g. `new URL('./work.js', import.meta.url)`
   * @param settings handed to it as its one argument
   */
  constructor(script: URL, settings: object, options: ForkOptions = {}) {
    const file = fileURLToPath(script);
    this.#name = basename(file);
    // Its output is no part of the tables, but its last words are.
    const stdio: ForkOptions['stdio'] = ['ignore', 'ignore', 'inherit', 'ipc'];
    this.#process = fork(file, [JSON.stringify(settings)], { stdio, ...options });
  }

  /**
   * Asks for something and waits for the answer.
   *
   * @throws Error when the child failed at it, or ended
   */
  ask<T = void>(what: string, argument?: unknown): Promise<T> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const onReply = ({ answer, error }: Reply<T>) => {
        child.off('exit', onExit);
        if (error === undefined) resolve(answer as T);
        else reject(new Error(`${this.#name}: ${error}`));
      };
      const onExit = () => {
        child.off('message', onReply);
        reject(new Error(`${this.#name} ended while it was asked to ${what}`));
      };
      if (!child.connected) return onExit();
      child.once('message', onReply);
      child.once('exit', onExit);
      child.send({ what, argument });
    });
  }

  /** CPU time since its start, and memory. */
  usage(): Promise<Usage> {
    return this.ask<Usage>('usage');
  }

  /** Ends it: a child that is no longer connected ends by itself. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    await exited;
  }
}
