import { createReadStream } from 'node:fs';
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';
import { LineCounter } from './lines.js';

/** Where in the file a member stands. */
export interface Place {
  /** From 1. */
  line: number;
  /** In bytes, from the start of the file. */
  offset: number;
}

/** One member of the file's object. */
export interface Row extends Place {
  /** Its key: a Telegram id, if all is well. */
  id: string;
  value: unknown;
  /** Its length in the file. */
  bytes: number;
  /** The first number in it that has more digits than JavaScript keeps. */
  inexact: string | undefined;
}

/** The file is not what it should be; what comes after this place cannot be told. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/**
 * Reads a JSON object of any size, member by member: no more than one of them is held at a time.
 *
 * @throws UnreadableFileError where the file is cut off or is no such object; the members before are yielded first
 */
export async function* readRows(file: string): AsyncGenerator<Row> {
  const reader = new RowReader();
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      const failure = reader.take(chunk);
      yield* reader.rows.splice(0);
      if (failure) throw failure;
    }
  } catch (error) {
    if (error instanceof UnreadableFileError) throw error;
    throw new UnreadableFileError((error as Error).message, { cause: error });
  }
  reader.end();
}

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** The tokenizer, noting integers that do not survive as a JavaScript number. */
class ExactTokenizer extends Tokenizer {
  inexact: string | undefined;

  protected override parseNumber(text: string): number {
    const number = Number(text);
    if (!Number.isSafeInteger(number) && /^-?\d+$/.test(text)) this.inexact ??= text;
    return number;
  }
}

type TokenInfo = Parameters<Tokenizer['onToken']>[0];

/** Makes rows of chunks, and remembers where it is. */
class RowReader {
  readonly rows: Row[] = [];
  readonly #tokenizer = new ExactTokenizer();
  readonly #values = new TokenParser({ paths: ['$.*'], keepStack: false });
  readonly #lines = new LineCounter();
  #depth = 0;
  #previous: TokenType | undefined;
  #offset = 0;
  #start: Place = { line: 1, offset: 0 };
  #first = true;

  constructor() {
    this.#tokenizer.onToken = (token) => {
      this.#note(token);
      this.#values.write(token);
    };
    this.#values.onValue = ({ key, value }) => {
      const { inexact } = this.#tokenizer;
      this.#tokenizer.inexact = undefined;
      this.rows.push({ ...this.#start, id: String(key), value, bytes: this.#offset - this.#start.offset + 1, inexact });
    };
  }

  /** Takes the next chunk; returns what is wrong with it, if anything is. */
  take(chunk: Buffer): UnreadableFileError | undefined {
    const text = this.#first && chunk.indexOf(BYTE_ORDER_MARK) === 0 ? chunk.subarray(BYTE_ORDER_MARK.length) : chunk;
    this.#first = false;
    this.#lines.take(text);
    return this.#attempt(() => this.#tokenizer.write(text));
  }

  end(): void {
    if (this.#values.isEnded) return;
    const failure = this.#attempt(() => this.#tokenizer.end());
    if (this.#previous === undefined) throw failure ?? new UnreadableFileError('the file is empty');
    throw this.#unreadable('the file ends in the middle: it was cut off');
  }

  #note({ token, offset }: TokenInfo): void {
    this.#offset = offset;
    if (this.#previous === undefined && token !== TokenType.LEFT_BRACE) {
      throw this.#unreadable('expected an object with one member per Telegram id');
    }
    const isKey = this.#previous === TokenType.LEFT_BRACE || this.#previous === TokenType.COMMA;
    if (this.#depth === 1 && isKey) this.#start = { line: this.#lines.at(offset), offset };
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#depth++;
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
    this.#previous = token;
  }

  #attempt(work: () => void): UnreadableFileError | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      return error instanceof UnreadableFileError ? error : this.#unreadable(`no JSON: ${(error as Error).message}`);
    }
  }

  #unreadable(problem: string): UnreadableFileError {
    return new UnreadableFileError(`line ${this.#lines.at(this.#offset)}: ${problem}`);
  }
}
