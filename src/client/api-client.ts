import type { OperationState } from '../domain/views.js';
import { ApiError } from '../errors.js';
import type { Receipt } from './receipt.js';

/** How a read is done. */
export interface ReadOptions {
  /**
   * A unit of this bot, by its receipt or its key: the answer knows of it if it is applied, also where the API reads
   * from replicas, which are a little behind.
   */
  after?: Pick<Receipt<unknown>, 'key'> | string | undefined;
}

/** How the SDK itself reads. */
export interface ApiReadOptions extends ReadOptions {
  /** How long to wait for an answer. */
  timeoutMs?: number;
  /** Whether nothing but the primary database may answer. */
  fresh?: boolean;
}

const READ_TIMEOUT_MS = 5_000;

type Query = Readonly<Record<string, string | number | undefined>>;

/** Reads over HTTP, with the bot's token. */
export class ApiClient {
  readonly #bot: string;
  readonly #url: string | undefined;
  readonly #token: string | undefined;

  constructor({ bot, url, token }: { bot: string; url: string | undefined; token: string | undefined }) {
    this.#bot = bot;
    this.#url = url?.replace(/\/+$/, '');
    this.#token = token;
  }

  /**
   * Reads a resource.
   *
   * @param path e.g. `/v1/leaderboard`; `:bot` stands for the bot's name
   * @param options.after a unit that the answer must know of
   * @param query parameters; undefined ones are left out
   * @returns the JSON body
   * @throws ApiError for an error, or no answer
   */
  async get<T>(
    path: string,
    { after, timeoutMs = READ_TIMEOUT_MS, fresh = false }: ApiReadOptions = {},
    query: Query = {},
  ): Promise<T> {
    if (!this.#url) throw new ApiError(0, 'reads need the API: give apiUrl and apiToken to new BotLedger()');
    const url = new URL(this.#url + path.replace(':bot', encodeURIComponent(this.#bot)));
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));

    const response = await this.#fetch(url, { after, timeoutMs, fresh });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return body as T;
    const detail = (body as { detail?: string; title?: string } | undefined) ?? {};
    const reason = detail.detail ?? detail.title ?? (response.ok ? 'is no JSON: check apiUrl' : response.statusText);
    throw new ApiError(response.status, `${response.status} ${reason} (${path})`);
  }

  /** As `get`, for what may not be there: undefined for 404. */
  async find<T>(path: string, options?: ReadOptions): Promise<T | undefined> {
    return this.get<T>(path, options).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
  }

  /**
   * What became of a unit of this bot whose job is gone; undefined while its key is not known.
   *
   * @throws ApiError for an error, no answer, or no API to ask
   */
  async readOperation(key: string): Promise<OperationState | undefined> {
    if (this.#url) return this.find(`/v1/bots/:bot/operations/${encodeURIComponent(key)}`);
    throw new ApiError(
      0,
      `The job of "${key}" is gone from Redis, so its outcome is known to the API alone: give apiUrl and apiToken to new BotLedger()`,
    );
  }

  async #fetch(url: URL, { after, timeoutMs, fresh }: Required<ApiReadOptions>): Promise<Response> {
    const key = typeof after === 'string' ? after : after?.key;
    try {
      return await fetch(url, {
        headers: {
          accept: 'application/json',
          ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
          ...(key === undefined ? {} : { 'read-after': `${this.#bot}:${key}` }),
          ...(fresh ? { 'cache-control': 'no-cache' } : {}),
        },
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (cause) {
      throw new ApiError(0, `the API at ${url.origin} did not answer: check apiUrl and that \`botledger api\` runs`, {
        cause,
      });
    }
  }
}
