import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../src/database.js';
import { freePort } from '../src/embedded/port.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import { type Postgres, startPostgres } from '../test/helpers/postgres.js';
import { startRedis, type TestRedis } from '../test/helpers/redis.js';
import { closeAfterRun } from '../test/helpers/run.js';
import { type TargetName, targets } from './plan.js';
import { type BreakableProxy, startProxy } from './proxy.js';
import { Service } from './service.js';
import { bots } from './work.js';

/** After this long the jobs of a frozen worker go to another. */
export const STALLED_AFTER_SECONDS = 5;

/** Eight processes start at once, on whatever there is of a machine. */
const START_PATIENCE_MS = 60_000;

/** The login of Bull Board. */
export const ADMIN = { user: 'chaos', password: 'chaos-password' };

const TOKEN = 'chaos-token-of-a-bot';

/** How the servers are set, and what is done with the directory at the end. */
export interface ServerOptions {
  fsync: 'always' | 'everysec';
  keep: boolean;
}

/** A durable PostgreSQL and a Redis of our own, with the processes of botledger around them. */
export class Fleet implements Closable {
  readonly services: Service[] = [];
  readonly #opened: Closable[];
  #closed: Promise<void> | undefined;

  private constructor(
    readonly directory: string,
    readonly redis: TestRedis,
    readonly postgres: Postgres,
    readonly redisProxy: BreakableProxy,
    readonly postgresProxy: BreakableProxy,
    /** For whoever looks on: not through the proxies. */
    readonly databaseUrl: string,
    readonly apiPort: number,
    readonly keep: boolean,
  ) {
    this.#opened = [postgres, redis, redisProxy, postgresProxy];
  }

  static async start({ fsync, keep }: ServerOptions): Promise<Fleet> {
    const directory = mkdtempSync(join(tmpdir(), 'botledger-chaos-'));
    const [redis, postgres] = await Promise.all([startRedis({ appendfsync: fsync }), startPostgres({ durable: true })]);
    const databaseUrl = await postgres.createDatabase('chaos');
    const database = new Database({ url: databaseUrl });
    await database.migrate();
    await database.close();
    const proxies = await Promise.all([startProxy(redis.port), startProxy(postgres.port)]);
    return closeAfterRun(new Fleet(directory, redis, postgres, ...proxies, databaseUrl, await freePort(), keep));
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  /** The environment of every process. */
  get environment(): Record<string, string> {
    return {
      DATABASE_URL: `postgres://postgres@127.0.0.1:${this.postgresProxy.port}/chaos`,
      REDIS_URL: `redis://127.0.0.1:${this.redisProxy.port}`,
      PORT: `${this.apiPort}`,
      API_URL: this.apiUrl,
      API_TOKENS: bots.map((bot) => `${bot}:${TOKEN}-${bot}`).join(','),
      ADMIN_USER: ADMIN.user,
      ADMIN_PASSWORD: ADMIN.password,
      STALLED_AFTER_SECONDS: `${STALLED_AFTER_SECONDS}`,
    };
  }

  startService(name: string, path: string, { args = [], environment = {} }: Started = {}): Service {
    const service = new Service(name, path, { args, environment: { ...this.environment, ...environment } });
    this.services.push(service);
    return service;
  }

  /**
   * Starts all there is, the producers last.
   *
   * @param perSecond new units of each producer
   */
  async startAll(seed: number, perSecond: number): Promise<Services> {
    const start = (count: number, name: string, path: string) =>
      Array.from({ length: count }, (_, index) => this.startService(`${name} ${index + 1}`, path));
    const worker = start(targets.worker, 'commit worker', 'workers/commit.js');
    const schedule = start(targets.schedule, 'schedule worker', 'workers/schedule.js');
    const api = start(targets.api, 'API', 'workers/api.js');
    await Promise.all([
      ...worker.map((each) => each.says('commit worker is ready', START_PATIENCE_MS)),
      ...schedule.map((each) => each.says('schedule worker is ready', START_PATIENCE_MS)),
    ]);
    return { worker, schedule, api, producer: bots.map((bot) => this.startProducer(bot, seed, perSecond)) };
  }

  /** A bot that sends so many units a second. */
  startProducer(bot: string, seed: number, perSecond: number): Service {
    return this.startService(`producer of ${bot}`, 'chaos/producer.js', {
      args: [bot, this.journalOf(bot), `${seed}`, `${perSecond}`],
      environment: { API_TOKEN: `${TOKEN}-${bot}` },
    });
  }

  journalOf(bot: string): string {
    return join(this.directory, `${bot}.jsonl`);
  }

  /** Ends everything; the directory stays if it was to be kept, with the output of every process. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all(this.services.map((service) => service.close()));
    await closeAll(this.#opened);
    if (!this.keep) return rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true });
    for (const service of this.services) {
      writeFileSync(join(this.directory, `${service.name.replaceAll(' ', '-')}.log`), service.output());
    }
  }
}

/** The processes, by what they are. */
export type Services = Readonly<Record<Exclude<TargetName, 'redis' | 'postgres'>, readonly Service[]>>;

interface Started {
  args?: string[];
  environment?: Record<string, string>;
}
