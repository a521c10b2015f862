import { type Closable, closeAll } from '../src/lifecycle.js';
import type { Bench } from './bench.js';
import { Child } from './child.js';
import type { Contender } from './contenders/contender.js';
import { Fleet } from './fleet.js';
import type { ProducerSettings, Sent } from './produce.js';
import type { BenchDatabase } from './servers.js';
import { type Spread, spread } from './statistics.js';
import { checkState, keyOf } from './workload.js';

/** Milliseconds, each from the moment of the call. */
export interface Waits {
  perSecond: number;
  /** Until Redis held the unit. */
  enqueued: Spread;
  /** Until its transaction was committed, as its worker saw it. */
  committed: Spread;
  /** Until the outcome was in the bot's hands. */
  outcome: Spread;
}

/** A producer, the queue, a worker and a database: a way from end to end. */
export class Line implements Closable {
  readonly #contender: Contender;
  readonly #database: BenchDatabase;
  readonly #fleet: Fleet;
  readonly #producer: Child;
  #sent = 0;

  private constructor(contender: Contender, database: BenchDatabase, settings: ProducerSettings) {
    this.#contender = contender;
    this.#database = database;
    this.#fleet = new Fleet(contender, { redisUrl: settings.redisUrl, databaseUrl: database.url });
    this.#producer = new Child(new URL('./produce.js', import.meta.url), settings);
  }

  /** Opens a line of a contender, with a database of its own. */
  static async open({ servers }: Bench, contender: Contender, settings: Omit<ProducerSettings, 'redisUrl'>) {
    const database = await servers.createDatabase();
    const line = new Line(contender, database, { redisUrl: servers.redisUrl, ...settings });
    await line.#fleet.start({ from: 0, to: 0 }, { noteCommits: contender.commits });
    return line;
  }

  /** As many units as fast as their outcomes come back, with `atOnce` of them under way. */
  inFlight(units: number, atOnce: number): Promise<Sent> {
    return this.#send('inFlight', units, { atOnce });
  }

  /** So many units by the clock. */
  atRate(units: number, perSecond: number): Promise<Sent> {
    return this.#send('atRate', units, { perSecond });
  }

  async #send(how: string, units: number, options: object): Promise<Sent> {
    const from = this.#sent;
    this.#sent += units;
    return this.#producer.ask<Sent>(how, { from, to: this.#sent, ...options });
  }

  /** How long these units took; the worker must be finished with them. */
  async waits(all: readonly Sent[]): Promise<Waits> {
    await this.#fleet.finished();
    const commits = await this.#fleet.commits();
    const committed = all.flatMap(({ numbers, at }) =>
      numbers.map((number, index) => (commits.get(keyOf(number)) ?? Number.NaN) - (at[index] ?? Number.NaN)),
    );
    const units = committed.length;
    if (this.#contender.commits && committed.some(Number.isNaN)) throw new Error('a unit was not seen to be committed');
    return {
      perSecond: units / all.reduce((sum, { seconds }) => sum + seconds, 0),
      enqueued: spread(all.flatMap(({ enqueued }) => enqueued)),
      committed: spread(committed),
      outcome: spread(all.flatMap(({ outcome }) => outcome)),
    };
  }

  /** @throws Error when a unit failed, or the state is not what all the units make of it */
  async check(): Promise<void> {
    await this.#fleet.finished();
    await this.#fleet.stop();
    if (this.#contender.commits) await checkState(this.#database, this.#sent);
  }

  async close(): Promise<void> {
    await closeAll([{ close: () => this.#database.drop() }, this.#fleet, this.#producer]);
  }
}
