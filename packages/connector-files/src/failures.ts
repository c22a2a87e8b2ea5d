import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import type { SourceFile } from './find-files.ts';

/** What a person can act on, from what DuckDB says of a file that it cannot read: the file, the line, the reason. */
export function readFailure(error: unknown, files: readonly SourceFile[]): unknown {
  if (isAgnesError(error) || !(error instanceof Error)) return error;
  const text = messageOf(error);
  if (/out of memory|interrupted/i.test(text)) return error;
  const file =
    /file ?= ?(.+)/.exec(text)?.[1]?.trim() ??
    files.map((each) => each.path).find((path) => text.includes(path)) ??
    (files.length === 1 ? files[0]?.path : undefined);
  const line = /on line:? (\d+)|in line (\d+)|record\/value (\d+)/i
    .exec(text)
    ?.slice(1)
    .find((part) => part !== undefined);
  const reason = text
    .split('\n')
    .filter((each) => !/^(Possible fixes|\*|Original Line|\s*$)/.test(each.trim()))
    .slice(0, 2)
    .join(' ')
    .replace(/^(Invalid Input|Conversion|IO|Binder) Error: /, '');
  const where = [file ?? 'A file', ...(line === undefined ? [] : [`line ${line}`])].join(', ');
  return new AgnesError('source_file_invalid', `${where}: ${reason.slice(0, 500)}`, {
    hint: 'Correct the file, or set the options of the table (delimiter, quote, header, encoding, column_types).',
    details: { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line: Number(line) }) },
    cause: error,
  });
}
