const NEWLINE = 0x0a;

/** Tells on which line an offset of a file lies, while the file passes by in chunks. */
export class LineCounter {
  #chunk: Uint8Array = new Uint8Array();
  #chunkStart = 0;
  #line = 1;
  /** The next newline that is not counted yet, from the start of the chunk; -1 when there is none. */
  #next = -1;

  /** Takes the next chunk of the file. */
  take(chunk: Uint8Array): void {
    const end = this.#chunkStart + this.#chunk.length;
    this.at(end);
    this.#chunk = chunk;
    this.#chunkStart = end;
    this.#next = chunk.indexOf(NEWLINE);
  }

  /** The line of an offset in the chunks so far; asked for in rising order. */
  at(offset: number): number {
    const end = offset - this.#chunkStart;
    while (this.#next >= 0 && this.#next < end) {
      this.#line++;
      this.#next = this.#chunk.indexOf(NEWLINE, this.#next + 1);
    }
    return this.#line;
  }
}
