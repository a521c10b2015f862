import { clock } from './clock.js';
import type { Contender, Note, Places, Working } from './contenders/contender.js';
import { contenders } from './contenders/index.js';
import { serve, settings } from './serve.js';
import type { Range } from './workload.js';

// One contender's worker, in a process of its own.

const { name, ...places } = settings<Places & { name: string }>();
const { work, title } = contenders[name] as Contender;

let working: Working | undefined;
let committed: [key: string, at: number][] = [];

serve({
  /** Starts work; a stopped worker can be started again, and has not forgotten what V8 has learnt. */
  async start({ range, noteCommits = false }: { range: Range; noteCommits?: boolean }) {
    if (!work) throw new Error(`${title} does not work here`);
    committed = [];
    const note: Note = (keys) => {
      const at = clock();
      for (const key of keys) committed.push([key, at]);
    };
    working = await work({ ...places, range, ...(noteCommits ? { note } : {}) });
  },
  finished: () => working?.finished,
  stop: () => working?.close(),
  /** What is left elsewhere than in a BullMQ queue. */
  unfinished: () => 0,
  /** When each unit was committed, by the common clock. */
  commits: () => committed,
});
