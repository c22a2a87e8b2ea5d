import { stripVTControlCharacters } from 'node:util';

export interface TextColumn {
  readonly title: string;
  readonly right?: boolean;
}

/** Rows under titles, two spaces between columns, no lines. The last column is not padded. */
export function formatTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => row.map(oneLine));
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.right === true))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `name: value` lines with the values in one column. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const names = fields.map(([name]) => oneLine(name));
  const width = Math.max(...names.map((name) => name.length));
  return fields.map(([, value], index) => `${names[index]?.padEnd(width)}  ${oneLine(value)}`).join('\n');
}

/** Text from data on one line and without terminal controls: a value must not be able to move the cursor. */
export function oneLine(text: string): string {
  return printable(text.replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll('\t', '\\t'));
}

/** Text that may hold words of a server, of a source or of data, on lines, without anything that steers a terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/(?!\n)\p{Cc}/gu, '\uFFFD');
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return right ? space + cell : cell + space;
}

const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u;

/** Columns that a text takes on a terminal: two for East Asian characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{Mark}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
