import { AgnesError, type ErrorCode, messageOf } from '@agnes/errors';
import { nearest } from '../nearest.ts';
import type { Position } from '../output/place-text.ts';
import { positionShown } from './position.ts';

const COLUMNS = 'Columns and types: agnes schema <table>';

/** What DuckDB says of a statement that failed on this laptop, in the codes and words in which the server says it. */
export function localFailure(error: unknown, sql: string): AgnesError {
  const message = messageOf(error).replace(/^Failed to extract statements: /, '');
  const position = positionShown(message, sql);
  const { kind, text } = partsOf(message);
  const fail = (code: ErrorCode, what: string, hint: string, details: Record<string, unknown> = {}): AgnesError =>
    new AgnesError(code, what, { hint, details: withPosition(details, position), cause: error });

  const table = /Table with name "?(.+?)"? does not exist/.exec(message)?.[1];
  if (table !== undefined) {
    return fail('table_not_found', `There is no table '${table}' in this workspace.`, 'agnes catalog', { table });
  }
  if (/attached in read-only mode/.test(message)) return onlyReading(error);
  if (/No files found that match|Cannot open file/.test(message)) {
    return fail('query_failed', `A part of a table is gone from this laptop: ${message}`, 'Bring it back: agnes pull');
  }
  if (kind === 'Parser') {
    const hint = "Look at the place that is named, and what is before it. DuckDB's SQL is expected.";
    return fail('sql_syntax', `The statement cannot be parsed: ${text}.`, hint);
  }
  const alias = /^Referenced table "(.+?)" not found/.exec(text)?.[1];
  if (alias !== undefined) {
    const hint = 'Name it in FROM, or correct the name before the dot.';
    return fail('sql_unknown_column', `There is no table or alias ${alias} in FROM.`, hint, { unknown: alias });
  }
  const column = /^Referenced column "(.+?)" not found|does not have a column named "(.+?)"/.exec(text);
  if (column !== null) {
    const unknown = column[1] ?? column[2] ?? '';
    const close = nearest(unknown, candidatesOf(message), 3);
    const hint = `${close.length === 0 ? '' : `Did you mean ${close.join(' or ')}? `}${COLUMNS}`;
    const what = `There is no column ${unknown} in the tables of this query.`;
    return fail('sql_unknown_column', what, hint, { unknown, nearest: close });
  }
  if (BEFORE_ANY_ROW.has(kind)) return fail('sql_invalid', text, `Correct the statement. ${COLUMNS}`);
  return fail('query_failed', text, HINTS[kind] ?? COLUMNS);
}

/** What is told of anything but one reading statement. */
export function onlyReading(cause?: unknown): AgnesError {
  return new AgnesError(
    'usage',
    'Only statements that read can run here: SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN.',
    {
      hint: 'For tables of your own, open user/duckdb/analytics.duckdb with DuckDB; agnes pull keeps them.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

const BEFORE_ANY_ROW = new Set(['Binder', 'Catalog', 'Not implemented', 'Parameter Not Resolved', 'Missing Extension']);
const HINTS: Readonly<Record<string, string>> = {
  Conversion: 'Use TRY_CAST to get NULL for values that cannot be converted.',
  'Out of Range': 'Use a larger type: CAST(… AS HUGEINT) or DOUBLE.',
};

/** `Binder Error: …` without the place, which is told by itself, and on one line. */
function partsOf(message: string): { kind: string; text: string } {
  const [, kind = '', rest = message] = /^([A-Z][A-Za-z ]*) Error: ([\s\S]*)$/.exec(message) ?? [];
  const text = rest
    .replace(/\n\nLINE \d+: [\s\S]*$/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
  return { kind, text };
}

function candidatesOf(message: string): string[] {
  const list = /Candidate bindings: [: ]*(.*)/.exec(message)?.[1] ?? '';
  return [...list.matchAll(/"((?:[^"]|"")+)"/g)].map(([, name = '']) => name);
}

function withPosition(details: Record<string, unknown>, position: Position | undefined): Record<string, unknown> {
  return position === undefined ? details : { ...details, position };
}
