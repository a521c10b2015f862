import { SingleBar } from 'cli-progress';

/** Shows how far something is. */
export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A bar on a terminal, a line for every tenth elsewhere. */
export function showProgress(total: number, what: string): Progress {
  return process.stdout.isTTY ? showBar(total, what) : showLines(total, what);
}

/** For output that a machine reads. */
export const noProgress: Progress = { update: () => undefined, stop: () => undefined };

function showBar(total: number, what: string): Progress {
  const format = `  {bar} {percentage} %  {value} of {total} ${what}`;
  const bar = new SingleBar({ format, barCompleteChar: '█', barIncompleteChar: '░', barsize: 30, hideCursor: true });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

const LINES = 10;

function showLines(total: number, what: string): Progress {
  let shown = 0;
  return {
    update(done) {
      const tenth = Math.floor((done / total) * LINES);
      if (tenth <= shown) return;
      shown = tenth;
      console.log(`  ${String((100 / LINES) * tenth).padStart(3)} %  ${whole(done)} of ${whole(total)} ${what}`);
    },
    stop: () => undefined,
  };
}

const whole = (number: number) => number.toLocaleString('en');
