import { invalidFile } from './failures.ts';
import { bytesOf } from './record-lines.ts';

const BACKSLASH = 0x5c;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** What of a dialect says where a value is quoted. */
interface Layout {
  readonly delimiter: string;
  readonly quote: string;
  readonly skip: number;
}

/**
 * Throws `source_file_invalid` where a backslash between quotes stands before something else than a quote or a backslash:
 * DuckDB would leave it out, and `C:\temp` become `C:temp`.
 */
export async function refuseLostBackslash(path: string, { delimiter, quote, skip }: Layout): Promise<void> {
  const quoteByte = quote.charCodeAt(0);
  const delimiterByte = Buffer.from(delimiter).at(-1);
  let line = 1;
  let quoted = false;
  // A quote inside a bare value is a character like others.
  let atStart = true;
  let escaping = false;
  let before = 0;
  for await (const chunk of bytesOf(path)) {
    for (const byte of chunk) {
      if (escaping && byte !== quoteByte && byte !== BACKSLASH) throw lostBackslash(path, line);
      if (byte === CR || (byte === LF && before !== CR)) line += 1;
      before = byte;
      if (line <= skip) continue;
      if (escaping) escaping = false;
      else if (quoted && byte === BACKSLASH) escaping = true;
      else if (byte === quoteByte && (quoted || atStart)) quoted = !quoted;
      if (byte !== SPACE) atStart = !quoted && (byte === delimiterByte || byte === LF || byte === CR);
    }
  }
}

function lostBackslash(path: string, line: number): Error {
  return invalidFile(
    path,
    'A backslash stands before a character that needs none, in a file that has \\" for a quote inside a value; it would be lost.',
    {
      line,
      hint: 'Write "" for a quote inside a value and \\ for itself, or \\\\ for a backslash throughout. The option {"escape": "\\\\"} of the table reads the file and leaves such backslashes out.',
    },
  );
}
