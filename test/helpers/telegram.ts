import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Closable } from '../../src/lifecycle.js';
import { BotAccount, Refusal } from './telegram-account.js';

/** Telegram's Bot API on loopback, for real clients: `client.apiRoot` of grammY, `telegram.apiRoot` of Telegraf. */
export interface Telegram extends Closable {
  readonly apiRoot: string;
  /** The account of a new bot. */
  bot(username: string): BotAccount;
}

export async function startTelegram(): Promise<Telegram> {
  const accounts = new Map<string, BotAccount>();
  const server = createServer((req, res) => void answer(accounts, req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    apiRoot: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bot(username) {
      const account = new BotAccount(1_000 + accounts.size, username);
      accounts.set(account.token, account);
      return account;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(accounts: Map<string, BotAccount>, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)/.exec(req.url ?? '') ?? [];
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  try {
    const account = accounts.get(token);
    if (!account) throw new Refusal(401, 'Unauthorized');
    const result = await account.call(method, parametersOf(await req.toArray()), gone.signal);
    if (account.loses(method)) res.destroy();
    else send(res, 200, { ok: true, result });
  } catch (error) {
    if (gone.signal.aborted) return;
    const { code, message } = error instanceof Refusal ? error : new Refusal(500, String(error));
    send(res, code, { ok: false, error_code: code, description: message });
  }
}

function parametersOf(chunks: Buffer[]): Record<string, unknown> {
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : JSON.parse(text);
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
