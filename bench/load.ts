import { Pool } from 'undici';
import { serve, settings } from './serve.js';

// Loads an HTTP server, in a process of its own. undici rather than a load tool: it is Node's own client, has no
// dependencies, and times each request to fractions of a millisecond.

/** What to load. */
export interface LoadSettings {
  url: string;
  headers: Record<string, string>;
}

/** How to load it. */
export interface Load {
  /** Asked for in turns. */
  paths: string[];
  /** Connections, each with one request under way. */
  connections: number;
  seconds: number;
}

/** What came of it. */
export interface Loaded {
  perSecond: number;
  /** Milliseconds of each request. */
  times: number[];
}

const { url, headers } = settings<LoadSettings>();

serve({
  async load({ paths, connections, seconds }: Load): Promise<Loaded> {
    const pool = new Pool(url, { connections });
    const times: number[] = [];
    const start = performance.now();
    const end = start + seconds * 1_000;
    let next = 0;
    const lane = async () => {
      while (performance.now() < end) {
        const path = paths[next++ % paths.length] as string;
        const sent = performance.now();
        const { statusCode, body } = await pool.request({ path, method: 'GET', headers });
        await body.text();
        if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}`);
        times.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: connections }, lane));
    const perSecond = (times.length * 1_000) / (performance.now() - start);
    await pool.close();
    return { perSecond, times };
  },
});
