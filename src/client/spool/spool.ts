import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SpoolError } from '../../errors.js';
import { decodeLine, encodeLine, type HeldUnit, readLines } from './lines.js';
import { lockDirectory } from './lock.js';

/** A file of the spool. */
export interface Segment {
  readonly file: string;
  /** How much of the file reached the disk. */
  bytes: number;
  /** How many units that is. */
  units: number;
}

/** Where a unit is. */
export interface Spot {
  segment: Segment;
  /** Its place among the units of its file. */
  place: number;
}

/** A file is removed when all of it is sent; what a crash makes us send again is less than that. */
export const SEGMENT_BYTES = 256 * 1024;

const FILE_NAME = /^units-(\d{12})\.log$/;

/**
 * Units on disk, in the order in which they came: a directory of numbered files that are only ever appended to, and
 * removed from the first on. Nothing is rewritten, so there is nothing that a crash could lose.
 */
export class Spool {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #unlock: () => void;
  readonly #segments: Segment[];
  /** Directories whose newest entry may not outlive a power cut yet. */
  #unsynced: string[];
  #next: number;
  /** What the last file is written through; undefined when the next line begins a new one. */
  #writing: FileHandle | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Opens a spool for this process alone, with what an earlier one left in it.
   *
   * @param directory created if absent
   * @param maxBytes most bytes of all its files
   * @throws SpoolError when another process has it, or a file is damaged; the system's error when it cannot be used
   */
  constructor(directory: string, maxBytes: number) {
    this.#directory = resolve(directory);
    this.#maxBytes = maxBytes;
    const created = mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#unsynced = created ? parentsUpTo(created, this.#directory) : [];
    this.#unlock = lockDirectory(this.#directory);
    try {
      const files = readdirSync(this.#directory).filter((name) => FILE_NAME.test(name));
      const names = files.sort();
      this.#next = 1 + Number(FILE_NAME.exec(names.at(-1) ?? '')?.[1] ?? 0);
      this.#segments = names.map((name) => recover(join(this.#directory, name))).filter(({ units }) => units > 0);
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  /** How many units are in it. */
  get units(): number {
    return this.#segments.reduce((sum, { units }) => sum + units, 0);
  }

  /** How many files that is. */
  get files(): number {
    return this.#segments.length;
  }

  /**
   * Appends units, all or none.
   *
   * @returns their spots, once they are on disk
   * @throws SpoolError when it is full; the system's error when it cannot be written
   */
  append(units: readonly HeldUnit[]): Promise<Spot[]> {
    const line = encodeLine(units);
    return this.#inTurn(async () => {
      const held = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
      if (held + line.length > this.#maxBytes)
        throw new SpoolError(`${this.#directory} is full: it holds ${held} of ${this.#maxBytes} bytes (spoolMaxBytes)`);
      const segment = await this.#write(line);
      const first = segment.units;
      segment.bytes += line.length;
      segment.units += units.length;
      if (first === 0) this.#segments.push(segment);
      return units.map((_, index) => ({ segment, place: first + index }));
    });
  }

  /** @returns where the line was put */
  async #write(line: Buffer): Promise<Segment> {
    const last = this.#segments.at(-1);
    const fits = this.#writing && last && last.bytes + line.length <= SEGMENT_BYTES;
    if (!fits) await this.#seal();
    const segment = fits ? last : { file: this.#newFile(), bytes: 0, units: 0 };
    try {
      this.#writing ??= await open(segment.file, 'ax', 0o600);
      await this.#writing.appendFile(line);
      await this.#writing.datasync();
      if (!fits) await this.#syncDirectories();
      return segment;
    } catch (error) {
      // Half a line may be there, and nothing may stand behind it.
      await this.#writing?.truncate(segment.bytes).catch(() => undefined);
      await this.#seal().catch(() => undefined);
      throw error;
    }
  }

  async #syncDirectories(): Promise<void> {
    for (const directory of [this.#directory, ...this.#unsynced]) await syncDirectory(directory);
    this.#unsynced = [];
  }

  #newFile(): string {
    return join(this.#directory, `units-${String(this.#next++).padStart(12, '0')}.log`);
  }

  /**
   * The oldest file, to which nothing is added any more, and its units.
   *
   * @returns undefined when there is none
   * @throws SpoolError when it is damaged; the system's error when it cannot be read
   */
  oldest(): Promise<{ segment: Segment; units: HeldUnit[] } | undefined> {
    return this.#inTurn(async () => {
      const [segment] = this.#segments;
      if (!segment) return undefined;
      if (this.#segments.length === 1) await this.#seal();
      // What comes after the bytes that were confirmed is of a write that failed.
      const content = (await readFile(segment.file)).subarray(0, segment.bytes);
      return { segment, units: [...readLines(content, segment.file)].flatMap(decodeLine) };
    });
  }

  /**
   * Removes the oldest file.
   *
   * @throws the system's error; then its units are sent once more after the next start
   */
  removeOldest(): Promise<void> {
    return this.#inTurn(async () => {
      const removed = this.#segments.shift();
      if (removed) await rm(removed.file, { force: true });
    });
  }

  /** Leaves what is in it to the next process. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#seal());
    this.#unlock();
  }

  async #seal(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await writing?.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** A file of an earlier process, without a last line that was torn off. */
function recover(file: string): Segment {
  const content = readFileSync(file);
  const segment: Segment = { file, bytes: 0, units: 0 };
  for (const { units, end } of readLines(content, file)) {
    segment.bytes = end;
    segment.units += units;
  }
  if (segment.units === 0) rmSync(file);
  else if (segment.bytes < content.length) truncateSync(file, segment.bytes);
  return segment;
}

/** The directories that got a new entry when these were made, from `first` down to `last`. */
function parentsUpTo(first: string, last: string): string[] {
  const parent = dirname(last);
  return last === first ? [parent] : [parent, ...parentsUpTo(first, parent)];
}

/** Makes what is new in a directory outlive a power cut. Windows has no such call, and needs none. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory);
  await handle.sync().finally(() => handle.close());
}
