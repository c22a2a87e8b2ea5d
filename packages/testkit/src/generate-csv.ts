import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Random, seededRandom } from './random.ts';

/** The value of one cell: from its row (from 0) and the file's random numbers. `null` is written as nothing. */
export type Cell = (row: number, random: Random) => string | number | boolean | null;

/** Writes a CSV file with a header, `rows` lines and one column an entry of `columns`; the same seed writes the same bytes. */
export async function writeCsv(
  path: string,
  rows: number,
  columns: Readonly<Record<string, Cell>>,
  { seed = 1, delimiter = ',' }: { seed?: number; delimiter?: string } = {},
): Promise<void> {
  const random = seededRandom(seed);
  const cells = Object.values(columns);
  const line = (values: readonly (string | number | boolean | null)[]): string =>
    `${values.map((value) => quoted(value, delimiter)).join(delimiter)}\n`;
  function* lines(): Generator<string> {
    yield line(Object.keys(columns));
    for (let row = 0; row < rows; row += 1) yield line(cells.map((cell) => cell(row, random)));
  }
  await mkdir(dirname(path), { recursive: true });
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

function quoted(value: string | number | boolean | null, delimiter: string): string {
  const text = value === null ? '' : String(value);
  return value === '' || text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
