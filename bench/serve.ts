/** What a child answers. */
export interface Reply<T> {
  answer?: T;
  error?: string;
}

/** What a process has used. */
export interface Usage {
  /** CPU time since its start, in milliseconds. */
  cpuMs: number;
  /** Resident memory now, in megabytes. */
  rssMb: number;
}

type Handlers = Record<string, (argument: never) => unknown>;

/**
 * The child's end of `Child`: does what its parent asks, and ends when the parent is gone. The peers' scripts use it
 * too, on their own Node: it imports nothing.
 */
export function serve(handlers: Handlers): void {
  const all: Handlers = { ...handlers, usage };
  process.on('message', async ({ what, argument }: { what: string; argument: never }) => {
    process.send?.(await answer(all, what, argument));
  });
  process.on('disconnect', () => process.exit());
}

/** What the parent handed over. */
export const settings = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T;

async function answer(handlers: Handlers, what: string, argument: never): Promise<Reply<unknown>> {
  try {
    const handler = handlers[what];
    if (!handler) throw new Error(`nobody taught me to ${what}`);
    return { answer: await handler(argument) };
  } catch (error) {
    return { error: (error as Error).stack ?? String(error) };
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, rssMb: process.memoryUsage.rss() / 2 ** 20 };
}
