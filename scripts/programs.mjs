import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first of some programs that is on PATH, as a full path. */
export function onPath(...names) {
  const directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = names.flatMap((name) => directories.map((directory) => join(directory, name)));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether a program runs and succeeds; its output is not shown. */
export const succeeds = (program, args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

const ALIVE_EVERY_MS = 15_000;

/** Runs a program, shows its output, and says now and then that it is still at work. Answers whether it succeeded. */
export function run(program, args, environment = {}) {
  const started = Date.now();
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  const alive = setInterval(() => say(`still at it after ${seconds(started)}`), ALIVE_EVERY_MS);
  return new Promise((resolve) => {
    child.on('error', ({ message }) => say(message));
    child.on('close', (code) => {
      clearInterval(alive);
      resolve(code === 0);
    });
  });
}

/** One line of the set-up's own. */
export const say = (text) => console.log(`· ${text}`);

/** How long ago that was, e.g. `12 s`. */
export const seconds = (since) => `${Math.round((Date.now() - since) / 1000)} s`;

/** Ends the set-up with what the person can do about it. */
export function stop(message) {
  console.error(`\n${message}\n`);
  process.exit(2);
}
