import { crc32 } from 'node:zlib';
import { SpoolError } from '../../errors.js';
import type { ReadyUnit } from '../sender.js';

/** A unit as the spool keeps it. */
export type HeldUnit = Omit<ReadyUnit, 'checked'>;

/**
 * A line of a spool file: `crc length count json`. The checksum is over what follows it; the length is that of the
 * JSON, a list of `count` units. What is written in one go is one line, so that a crash tears the last line at most:
 * the write before it had reached the disk.
 */
const LINE = /^([0-9a-f]{8}) ((\d+) (\d+) )/;

const LONGEST_HEAD = 40;
const LINE_END = 0x0a;

/** Where a line's units stand in its file. */
export interface Line {
  /** The number of its units. */
  units: number;
  json: Buffer;
  /** How many bytes the file has up to its end. */
  end: number;
}

/** One line for all of them, with its end. */
export function encodeLine(units: readonly HeldUnit[]): Buffer {
  const json = Buffer.from(
    JSON.stringify(units.map(({ unit, keyed, noteFor, cold }) => ({ unit, keyed, noteFor, cold }))),
  );
  const rest = Buffer.concat([Buffer.from(`${json.length} ${units.length} `), json]);
  return Buffer.concat([Buffer.from(`${hex(crc32(rest))} `), rest, Buffer.of(LINE_END)]);
}

/** The units of a line. */
export const decodeLine = ({ json }: Line): HeldUnit[] => JSON.parse(json.toString());

/**
 * The lines of a file, in order, without a last one that a crash tore off: that one was never confirmed.
 *
 * @param file its name, for the error
 * @throws SpoolError at the first line that was whole once and is not what was written
 */
export function* readLines(content: Buffer, file: string): Generator<Line> {
  for (let start = 0, number = 1; start < content.length; number++) {
    const end = content.indexOf(LINE_END, start);
    const line = readLine(content.subarray(start, end < 0 ? content.length : end));
    if (line && end >= 0) {
      yield { ...line, end: end + 1 };
      start = end + 1;
    } else if (end < 0 && isTorn(content.subarray(start))) return;
    else
      throw new SpoolError(
        `${file} is damaged at line ${number}, byte ${start}. Nothing was sent or removed: mend the file from a ` +
          'backup, or move it away to go on without the units in it',
      );
  }
}

function readLine(bytes: Buffer): Omit<Line, 'end'> | undefined {
  const [head, crc, , length, units] = LINE.exec(bytes.toString('latin1', 0, LONGEST_HEAD)) ?? [];
  if (head === undefined || bytes.length !== head.length + Number(length)) return undefined;
  if (hex(crc32(bytes.subarray(9))) !== crc) return undefined;
  return { units: Number(units), json: bytes.subarray(head.length) };
}

/** Whether a write ended in the middle of this: what is there is shorter than a line, or was never filled. */
function isTorn(rest: Buffer): boolean {
  const [head, , , length] = LINE.exec(rest.toString('latin1', 0, LONGEST_HEAD)) ?? [];
  const end = head === undefined ? Number.POSITIVE_INFINITY : head.length + Number(length);
  if (rest.length <= end) return true;
  // After a power cut a file may have its length before its bytes, which then read as zeros.
  return rest.at(-1) === 0 && readLine(rest.subarray(0, end)) === undefined;
}

const hex = (checksum: number) => checksum.toString(16).padStart(8, '0');
