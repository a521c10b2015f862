import { SingleBar } from 'cli-progress';

/** Shows how far something is. */
export interface Progress {
  update(done: number): void;
  stop(): void;
}

/**
 * A bar on a terminal, a line for every tenth elsewhere.
 *
 * @param total what `update` is told at the end
 * @param describe says in words how far it is
 */
export function showProgress(total: number, describe: (done: number) => string): Progress {
  return process.stdout.isTTY ? showBar(total, describe) : showLines(total, describe);
}

/** For output that a machine reads. */
export const noProgress: Progress = { update: () => undefined, stop: () => undefined };

/** A whole number as people write it. */
export const whole = (number: number): string => Math.round(number).toLocaleString('en');

function showBar(total: number, describe: (done: number) => string): Progress {
  const format = '  {bar} {percentage} %  {text}';
  const bar = new SingleBar({ format, barCompleteChar: '█', barIncompleteChar: '░', barsize: 30, hideCursor: true });
  bar.start(total, 0, { text: describe(0) });
  return { update: (done) => bar.update(done, { text: describe(done) }), stop: () => bar.stop() };
}

const LINES = 10;

function showLines(total: number, describe: (done: number) => string): Progress {
  let shown = 0;
  return {
    update(done) {
      const tenth = Math.floor((done / total) * LINES);
      if (tenth <= shown) return;
      shown = tenth;
      console.log(`  ${String((100 / LINES) * tenth).padStart(3)} %  ${describe(done)}`);
    },
    stop: () => undefined,
  };
}
