import { invalidFile } from './failures.ts';
import { bytesOf, type RecordLayout } from './record-lines.ts';

const BACKSLASH = 0x5c;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Throws `source_file_invalid` where a backslash between quotes stands before something else than a quote or a backslash:
 * DuckDB would leave it out, and `C:\temp` become `C:temp`.
 */
export async function refuseLostBackslash(path: string, { quote = '"', skip = 0 }: RecordLayout): Promise<void> {
  const quoteByte = quote.charCodeAt(0);
  let line = 1;
  let quoted = false;
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
      else if (byte === quoteByte) quoted = !quoted;
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
