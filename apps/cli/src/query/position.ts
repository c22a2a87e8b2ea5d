import { AgnesError, isAgnesError } from '@agnes/errors';
import { type Position, positionOf } from '../output/place-text.ts';
import { displayWidth } from '../output/table.ts';

/** What is shown of a long line, and how much of that stands before the place. */
const WIDTH = 100;
const BEFORE = 60;

/** An error that names a place of the statement, with the line of it and a mark under the place (`details.excerpt`). */
export function withExcerpt(error: unknown, sql: string): unknown {
  if (!isAgnesError(error)) return error;
  const place = positionOf(error.details);
  const excerpt = place && excerptAt(sql, place);
  if (excerpt === undefined) return error;
  const { code, message, hint, details } = error;
  return new AgnesError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    details: { ...details, excerpt },
    cause: error,
  });
}

function excerptAt(sql: string, { line, column }: Position): string | undefined {
  const text = sql.split(/\r\n|\r|\n/)[line - 1];
  if (text === undefined) return undefined;
  const characters = [...text.replaceAll(/\p{Cc}/gu, ' ')];
  if (column > characters.length + 1) return undefined;
  const from = characters.length <= WIDTH ? 0 : Math.max(0, column - 1 - BEFORE);
  const to = Math.min(characters.length, from + WIDTH);
  const before = `${from > 0 ? '…' : ''}${characters.slice(from, column - 1).join('')}`;
  const after = `${characters.slice(column - 1, to).join('')}${to < characters.length ? '…' : ''}`;
  return `${before}${after}\n${' '.repeat(displayWidth(before))}^`;
}

/** The place that DuckDB marks in its message: `LINE 2: …` (of a long line a part) and a caret under it. */
export function positionShown(message: string, sql: string): Position | undefined {
  const [, number = '', shown = '', indent = ''] = /\n\nLINE (\d+): (.*)\n( *)\^\s*$/.exec(message) ?? [];
  const whole = sql.split('\n')[Number(number) - 1];
  if (number === '' || whole === undefined) return undefined;
  const isCut = shown.startsWith('...') && !whole.startsWith(shown);
  const part = whole.includes(shown) ? shown : shown.replace(/^\.\.\./, '').replace(/\.\.\.$/, '');
  const start = whole.indexOf(part);
  if (start < 0) return undefined;
  let left = indent.length - `LINE ${number}: `.length - (isCut ? 3 : 0);
  let before = [...whole.slice(0, start)].length;
  for (const character of part) {
    // DuckDB gives a tab no width.
    const width = /\p{Cc}/u.test(character) ? 0 : displayWidth(character);
    if (left <= 0 && width > 0) break;
    left -= width;
    before += 1;
  }
  return { line: Number(number), column: before + 1 };
}
