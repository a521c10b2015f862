import { AsyncLocalStorage } from 'node:async_hooks';
import { freshKey } from '../fresh-key.js';
import { namesIn, valueIn, withValue } from './session-document.js';
import { Update, type UpdateHost, UpdateLedger } from './update.js';

/** Sessions that are read at once: as many as the API gives. */
const PAGE = 100;

/** Whose session a key of a bot framework means, and which of theirs: '' for the session itself. */
export interface SessionOwner {
  telegramId: number;
  name: string;
}

/** Sessions by the keys of a bot framework. */
export interface KeyedSessions<T> {
  read(key: string): Promise<T | undefined>;
  write(key: string, value: T): Promise<void>;
  delete(key: string): Promise<void>;
  has(key: string): Promise<boolean>;
}

/** A value, and whose it is. */
export type OwnedSession<T> = SessionOwner & { value: T };

/** What the adapters to bot frameworks share: updates, and the sessions that are read and written in them. */
export class Updates {
  readonly #host: UpdateHost;
  readonly #current = new AsyncLocalStorage<Update>();

  constructor(host: Omit<UpdateHost, 'alone'>) {
    const turns = new Turns();
    this.#host = { ...host, alone: (telegramIds, work) => turns.alone(telegramIds, work) };
  }

  /**
   * Handles an update: what is written meanwhile goes out when the handler is done, or not at all when it throws,
   * because then the update comes again.
   *
   * @param update.id Telegram's `update_id`
   * @param update.telegramId who sent it, if anybody did
   * @throws what the handler throws; ValidationError, QueueUnavailableError when sending fails
   */
  async handle(
    { id, telegramId }: { id: number; telegramId: number | undefined },
    handler: (ledger: UpdateLedger) => Promise<unknown>,
  ): Promise<void> {
    const update = new Update(id, this.#host);
    await this.#current.run(update, () => handler(new UpdateLedger(update, this.#host.reads, telegramId)));
    await update.finish();
  }

  /**
   * The sessions of this bot by keys.
   *
   * @param ownerOf reads a key
   */
  sessions<T>(ownerOf: (key: string) => SessionOwner): KeyedSessions<T> {
    const read = async (key: string) => {
      const { telegramId, name } = ownerOf(key);
      const update = this.#current.getStore();
      const document = update ? await update.session(telegramId) : (await this.#host.readNoted(telegramId)).session;
      return valueIn(document, name) as T | undefined;
    };
    const write = async (key: string, value: T | undefined) => {
      const { telegramId, name } = ownerOf(key);
      const update = this.#current.getStore();
      if (update) return update.noteSession(telegramId, name, value);
      await this.#host.alone([telegramId], async () => {
        const { session } = await this.#host.readNoted(telegramId);
        const save = { name: 'saveSession', telegramId, session: withValue(session, name, value) };
        await this.#host.send([{ key: freshKey(), operations: [save], noteFor: [] }]);
      });
    };
    return {
      read,
      write,
      delete: (key) => write(key, undefined),
      has: async (key) => (await read(key)) !== undefined,
    };
  }

  /** Every value of the bot's sessions that is committed, of its latest users first. */
  async *all<T>(): AsyncGenerator<OwnedSession<T>> {
    for (let before: string | null | undefined; before !== null; ) {
      const page = await this.#host.reads.getSessions({ limit: PAGE, ...(before && { before }) });
      for (const { telegramId, session } of page.sessions) {
        for (const name of namesIn(session)) yield { telegramId, name, value: valueIn(session, name) as T };
      }
      before = page.next;
    }
  }
}

/** Who works on a user's session waits for whoever came before. */
class Turns {
  readonly #last = new Map<number, Promise<unknown>>();

  async alone<T>(telegramIds: readonly number[], work: () => Promise<T>): Promise<T> {
    const before = telegramIds.map((telegramId) => this.#last.get(telegramId));
    const turn = Promise.all(before).then(work);
    const over = turn.catch(() => undefined);
    for (const telegramId of telegramIds) this.#last.set(telegramId, over);
    try {
      return await turn;
    } finally {
      for (const telegramId of telegramIds) {
        if (this.#last.get(telegramId) === over) this.#last.delete(telegramId);
      }
    }
  }
}
