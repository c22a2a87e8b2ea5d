import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** How the records of a text file are told from each other. */
export interface RecordLayout {
  /** What stands around values that may hold line ends, and before a quote inside them. None: a record is a line. */
  readonly quote?: string;
  readonly escapedBy?: string;
  /** Lines before the first record. */
  readonly skip?: number;
  /** Whether an empty line is a record too, as in a file of one column. */
  readonly blank?: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/** The line, from 1, at which a record begins; records count from 0. Undefined when there are fewer. */
export async function lineOfRecord(
  path: string,
  record: number,
  { quote = '', escapedBy = quote, skip = 0, blank = false }: RecordLayout = {},
): Promise<number | undefined> {
  const [quoteByte, escapeByte] = [quote.charCodeAt(0), escapedBy.charCodeAt(0)];
  let line = 1;
  let start = 1;
  let records = 0;
  let filled = false;
  let quoted = false;
  let escaped = false;
  let before = 0;
  let begun = false;
  for await (const data of bytesOf(path)) {
    const chunk = begun ? data : withoutMark(data);
    begun = true;
    for (const byte of chunk) {
      const half = byte === LF && before === CR;
      before = byte;
      if (half) {
        // The second half of a line end that is counted.
        if (!quoted) start = line;
        continue;
      }
      const end = byte === LF || byte === CR;
      if (end) line += 1;
      if (line <= skip || (end && line === skip + 1)) {
        start = line;
        continue;
      }
      if (escaped) escaped = false;
      else if (quoted && byte === escapeByte && escapeByte !== quoteByte) escaped = true;
      else if (byte === quoteByte) quoted = !quoted;
      if (!end || quoted) {
        filled = true;
        continue;
      }
      if (filled || blank) {
        if (records === record) return start;
        records += 1;
      }
      filled = false;
      start = line;
    }
  }
  return filled && records === record ? start : undefined;
}

/** A byte order mark is not what a line has in it. */
function withoutMark(data: Buffer): Buffer {
  return data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf ? data.subarray(3) : data;
}

/** The bytes of a text file, unpacked. */
export function bytesOf(path: string): Readable {
  const bytes = createReadStream(path);
  if (/\.gz$/i.test(path)) return bytes.pipe(createGunzip());
  return /\.zst$/i.test(path) ? bytes.pipe(createZstdDecompress()) : bytes;
}
