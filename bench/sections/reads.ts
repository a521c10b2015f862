import { deepStrictEqual } from 'node:assert/strict';
import { closeAll } from '../../src/lifecycle.js';
import { type Bench, size } from '../bench.js';
import { Child } from '../child.js';
import { fillSessions, fillUsers } from '../fill.js';
import type { Load, Loaded, LoadSettings } from '../load.js';
import type { ReadServerSettings } from '../read-server.js';
import type { BenchDatabase } from '../servers.js';
import { medianRatio, medians, percentile } from '../statistics.js';
import { printTable } from '../table.js';
import { BOT } from '../workload.js';

/** A route under load. */
export interface ReadRate {
  /** Requests per second. */
  perSecond: number;
  /** Milliseconds. */
  p99: number;
  /** CPU time of the server process per request, in microseconds. */
  serverMicros: number;
}

type Kind = ReadServerSettings['kind'];

/** Each route of the API, and of a bare Express handler with the same SQL; the ratio is the median over the turns. */
export type Reads = Record<string, Record<Kind, ReadRate> & { ratio: number }>;

const READERS = 10_000;
const CONNECTIONS = 16;

/** Turns of each server in a round: the machine's speed changes within seconds. */
const TURNS = 4;

const TOKEN = 'a-token-for-the-bench';
const headers = { authorization: `Bearer ${TOKEN}` };

const routes: Record<string, (number: number) => string> = {
  session: (number) => `/v1/bots/${BOT}/users/${1 + number}/session`,
  user: (number) => `/v1/users/${1 + number}`,
  leaderboard: (number) => `/v1/leaderboard?limit=10&offset=${10 * (number % 100)}`,
  rank: (number) => `/v1/users/${1 + number}/rank`,
};

/** Reads through the API, loaded from another process, beside the least that Express could do. */
export async function measureReads(bench: Bench): Promise<Reads> {
  const database = await bench.servers.createDatabase();
  const opened: Child[] = [];
  try {
    await fillUsers(database, READERS);
    await fillSessions(database);
    const api = await open(bench, database, 'api', opened);
    const bare = await open(bench, database, 'bare', opened);
    const reads = await measureRoutes(bench, { api, bare });
    print(bench, reads);
    return reads;
  } finally {
    await closeAll([{ close: () => database.drop() }, ...opened]);
  }
}

/** A server, and who loads it. */
interface Target {
  url: string;
  server: Child;
  load: Child;
}

async function open({ servers }: Bench, database: BenchDatabase, kind: Kind, opened: Child[]): Promise<Target> {
  const places = { databaseUrl: database.url, redisUrl: servers.redisUrl };
  const settings: ReadServerSettings = { kind, token: TOKEN, ...places };
  const server = new Child(new URL('../read-server.js', import.meta.url), settings);
  opened.push(server);
  const url = await server.ask<string>('listen');
  const load = new Child(new URL('../load.js', import.meta.url), { url, headers } satisfies LoadSettings);
  opened.push(load);
  return { url, server, load };
}

async function measureRoutes(bench: Bench, servers: Record<Kind, Target>): Promise<Reads> {
  const reads: Reads = {};
  const kinds = Object.keys(servers) as Kind[];
  for (const [name, route] of Object.entries(routes)) {
    await checkAnswers(servers, route).catch((error) => bench.wrong(`the answers of ${name}`, error));
    const paths = Array.from({ length: READERS }, (_, index) => route((index * 7_919) % READERS));
    const runs: Record<Kind, ReadRate[]> = { api: [], bare: [] };
    for (const kind of kinds) await load(servers[kind], paths, size(bench, 2, 0.3));
    for (let turn = 0; turn < bench.rounds * TURNS; turn++) {
      const order = turn % 2 === 0 ? kinds : kinds.toReversed();
      for (const kind of order) runs[kind].push(await load(servers[kind], paths, size(bench, 1, 0.2)));
    }
    bench.say(`  ${name}`);
    const rates = ({ perSecond }: ReadRate) => perSecond;
    const ratio = medianRatio(runs.api.map(rates), runs.bare.map(rates));
    reads[name] = { api: medians(runs.api), bare: medians(runs.bare), ratio };
  }
  return reads;
}

async function load(target: Target, paths: string[], seconds: number): Promise<ReadRate> {
  const before = await target.server.usage();
  const options: Load = { paths, connections: CONNECTIONS, seconds };
  const { perSecond, times } = await target.load.ask<Loaded>('load', options);
  const { cpuMs } = await target.server.usage();
  return { perSecond, p99: percentile(times, 0.99), serverMicros: ((cpuMs - before.cpuMs) * 1_000) / times.length };
}

/** @throws Error when the two servers do not answer the same */
async function checkAnswers({ api, bare }: Record<Kind, Target>, route: (number: number) => string): Promise<void> {
  for (const number of [0, 1, 500, 4_321, READERS - 1]) {
    const [ours, theirs] = await Promise.all(
      [api, bare].map(async ({ url }) => (await fetch(url + route(number), { headers })).json()),
    );
    deepStrictEqual(ours, theirs);
  }
}

function print({ say }: Bench, reads: Reads): void {
  const rows = Object.entries(reads).map(([name, { api, bare, ratio }]) => [
    name,
    api.perSecond,
    bare.perSecond,
    ratio,
    api.p99,
    bare.p99,
    api.serverMicros,
    bare.serverMicros,
  ]);
  printTable(say, ['read', 'API, /s', 'bare, /s', '× bare', 'p99 ms', 'bare', 'CPU µs', 'bare'], rows);
}
