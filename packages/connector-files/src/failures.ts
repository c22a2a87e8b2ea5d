import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import type { SourceFile } from './find-files.ts';

/** What a person can act on, from what DuckDB says of a file that it cannot read: the file, the line, the reason. */
export function readFailure(error: unknown, files: readonly SourceFile[]): unknown {
  if (isAgnesError(error) || !(error instanceof Error)) return error;
  const text = messageOf(error);
  if (/interrupted/i.test(text)) return error;
  const named = files.length === 1 ? `${files[0]?.path}` : `${files.length} files, the first ${files[0]?.path},`;
  if (/no space left on device|ENOSPC|disk quota|EDQUOT|file too large|EFBIG|max_temp_directory_size/i.test(text)) {
    return new AgnesError('storage_full', `There is no room on the disk of the server for what ${named} holds.`, {
      hint: 'Free space under DATA_DIR or enlarge the disk, then sync again.',
      cause: error,
    });
  }
  if (/out of memory|bad allocation/i.test(text)) {
    return new AgnesError('connector_failed', `Memory ran out while ${named} was read: ${text.slice(0, 300)}`, {
      hint: 'Split the file into smaller ones or fewer columns, write it as parquet, or give the server more memory.',
      cause: error,
    });
  }
  if (isDenied(error)) return denied(String((error as NodeJS.ErrnoException).path ?? named), error);
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
  return invalidFile(file ?? named, reason.slice(0, 500), {
    ...(line === undefined ? {} : { line: Number(line) }),
    cause: error,
  });
}

/** What else is known of a file that cannot be read. */
export interface FileProblem {
  readonly line?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

const OTHER_TYPE =
  'Correct the file where it is made, or give the column another type (column_types): agnes admin update-table <table> --column-type NAME=TYPE; then sync again.';

/** `source_file_invalid`: the file, the line, why, and what to do. */
export function invalidFile(file: string, why: string, { line, hint, cause }: FileProblem = {}): AgnesError {
  const where = line === undefined ? file : `${file}, line ${line}`;
  return new AgnesError('source_file_invalid', `${where}: ${why}`, {
    hint: hint ?? (/convert|cast|type/i.test(why) ? OTHER_TYPE : 'Correct the file where it is made, then sync again.'),
    details: { file, ...(line === undefined ? {} : { line }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function isDenied(error: unknown): boolean {
  return hasErrorCode(error, 'EACCES', 'EPERM');
}

export function denied(path: string, cause: unknown): AgnesError {
  return new AgnesError('source_file_invalid', `${path} may not be read by the account that the server runs as.`, {
    hint: 'Give that account the right to read the file and to enter its folders, then sync again.',
    details: { file: path },
    cause,
  });
}
