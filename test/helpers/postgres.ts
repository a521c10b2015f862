import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../src/embedded/port.js';
import type { Closable } from '../../src/lifecycle.js';
import { findBinaries, runAs, temporaryDirectory } from './postgres-binaries.js';
import { closeAfterRun } from './run.js';
import { until } from './until.js';

/** How PostgreSQL ends: closing connections first, at once with recovery at the next start, or killed. */
export type StopMode = 'fast' | 'immediate' | 'kill';

const stopSignals = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

export interface PostgresOptions {
  /** Whether commits wait for the disk (fsync, synchronous_commit). Off for tests, on for measurements. */
  durable?: boolean;
  /** Further settings, e.g. `{ max_connections: '300' }`. */
  settings?: Record<string, string>;
  /** Follows this one, from a copy of what it has now, and can only be read. */
  standbyOf?: Postgres;
}

/** A real PostgreSQL of our own, on one port for its life. */
export interface Postgres extends Closable {
  /** Creates an empty database, or a copy of another one, and returns its URL. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** Drops a database with whoever is connected to it. */
  dropDatabase(name: string): Promise<void>;
  url(database: string): string;
  readonly port: number;
  /** Copies its data, stopping it meanwhile. */
  copyTo(directory: string): Promise<void>;
  stop(mode: StopMode): Promise<void>;
  /** Brings it up again after stop(). */
  start(): Promise<void>;
  /** Freezes it with all its connections: it is there and does not answer. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

/** Starts a PostgreSQL from the npm package's programs; closed at the end of the test run if not before. */
export async function startPostgres(wanted: PostgresOptions = {}): Promise<Postgres> {
  const { durable = false, settings = {}, standbyOf } = wanted;
  const user = runAs();
  const directory = temporaryDirectory(user);
  const { initdb, postgres } = findBinaries(user, directory);
  const data = join(directory, 'data');
  // The locale is fixed, so that sorting and messages are the same everywhere.
  const environment = { ...user, cwd: directory, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-locale', '--no-sync'];
  if (standbyOf) {
    await standbyOf.copyTo(data);
    writeFileSync(join(data, 'standby.signal'), '');
  } else {
    execFileSync(initdb, [`--pgdata=${data}`, ...options], { ...environment, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  const port = await freePort();
  const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const all = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    max_connections: '200',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...(standbyOf ? { primary_conninfo: `host=127.0.0.1 port=${standbyOf.port} user=postgres` } : {}),
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

  let server: ChildProcess;
  let frozen: number[] = [];
  const start = async () => {
    const log = openSync(join(directory, 'log'), 'a');
    // Detached, so that Ctrl-C in a terminal reaches mocha only, which then closes it in order.
    const launch = () =>
      spawn(postgres, ['-D', data, ...flags], { ...environment, detached: true, stdio: ['ignore', log, log] });
    server = launch();
    const answers = async () => {
      // After a kill, it refuses to start until the last of its old connections is gone.
      if (server.exitCode !== null) server = launch();
      return run(url('postgres'), 'SELECT 1');
    };
    await until(answers, { timeoutMs: 30_000, what: `PostgreSQL answers; its log is ${directory}/log` });
    closeSync(log);
  };
  const stop = async (mode: StopMode) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill(stopSignals[mode]);
    await once(server, 'exit');
  };
  const resume = () => {
    for (const pid of frozen.splice(0)) process.kill(pid, 'SIGCONT');
  };
  await start();
  const killWithUs = () => server.kill('SIGQUIT');
  process.on('exit', killWithUs);

  return closeAfterRun({
    url,
    port,
    start,
    stop,
    async copyTo(copy) {
      await stop('fast');
      execFileSync('cp', ['-a', data, copy], environment);
      await start();
    },
    resume,
    async pause() {
      const backends = await run(url('postgres'), 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
      frozen = [server.pid as number, ...backends.map(({ pid }) => pid as number)];
      for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    },
    async createDatabase(name, template = 'template1') {
      await run(url('postgres'), `CREATE DATABASE "${name}" TEMPLATE "${template}"`);
      return url(name);
    },
    async dropDatabase(name) {
      await run(url('postgres'), `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    },
    async close() {
      resume();
      await stop('immediate');
      process.off('exit', killWithUs);
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

async function run(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
