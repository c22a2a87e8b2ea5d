import { resolve } from 'node:path';
import type { Client } from '@agnes/api-client';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { saveBody } from '../output/save-body.ts';
import { printRows } from './print-rows.ts';
import { uniqueNames } from './unique-names.ts';

/** A query on the server, and what is to become of its rows. */
export interface RemoteQuery {
  readonly sql: string;
  readonly format: 'table' | 'json' | 'csv' | 'ndjson' | 'parquet';
  /** 0: all. Undefined: what the server gives unasked. */
  readonly limit?: number | undefined;
  /** The file that the result is written to, instead of stdout. */
  readonly output?: string | undefined;
  /** Whose view an administrator wants. */
  readonly as?: string | undefined;
  readonly timeoutMs: number;
  /** How long the connection may bring nothing once the answer has begun. */
  readonly stallMs: number;
}

/**
 * Runs a query on the server and prints its rows, or writes them to a file: whole, or not at all. Calls `onAnswer` before
 * the first output. Returns what else there is to say.
 */
export async function runRemotely(
  client: Client,
  query: RemoteQuery,
  onAnswer: () => void,
): Promise<string | undefined> {
  const { sql, format, limit, output, as, timeoutMs, stallMs } = query;
  const options = { timeoutMs, ...(as === undefined ? {} : { headers: { 'x-agnes-view-as': as } }) };
  if (format === 'table' || format === 'json') {
    if (output !== undefined) throw onlyFiles();
    if (limit === 0) throw needsLimit();
    const body = { sql, ...(limit === undefined ? {} : { limit }) };
    const answer = await namingTheFlag(() => client.query({ body, ...options }));
    onAnswer();
    const columns = uniqueNames(answer.columns);
    const rows = answer.rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
    async function* chunks() {
      if (rows.length > 0) yield rows;
    }
    await printRows[format]({
      columns,
      rows: chunks(),
      truncated: () => answer.truncated,
      [Symbol.asyncDispose]: async () => {},
    });
    return answer.truncated ? truncatedAt(rows.length) : undefined;
  }
  if (format === 'parquet' && output === undefined && process.stdout.isTTY) throw noTerminal();
  const body = { sql, format, ...(limit === undefined || limit === 0 ? {} : { limit }) };
  const response = await client.raw('query', { body, ...options });
  onAnswer();
  const file = output === undefined ? undefined : resolve(output);
  const bytes = await saveBody(response, { file, stallMs });
  const rows = response.headers.get('x-agnes-row-count');
  const written = output === undefined ? [] : [`${rows ?? '?'} rows, ${bytes} bytes: ${output}`];
  const truncated = response.headers.get('x-agnes-truncated') === 'true' ? [truncatedAt(limit ?? rows)] : [];
  return [...written, ...truncated].join('\n') || undefined;
}

const truncatedAt = (rows: number | string | null): string =>
  `Truncated at ${rows ?? '?'} rows. More: --limit N, all: --format csv --limit 0`;

/** The server speaks of the field `limit`; a person gave a flag. */
async function namingTheFlag<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAgnesError(error, 'invalid_request') || error.details.field !== 'limit') throw error;
    const most = error.details.limit;
    const fewer = typeof most === 'number' ? `--limit ${most}` : 'a smaller --limit';
    throw new AgnesError('invalid_request', error.message, {
      hint: `Ask for fewer rows (${fewer}), or for all as a file: --format csv --limit 0`,
      details: error.details,
      cause: error,
    });
  }
}

function onlyFiles(): AgnesError {
  return new AgnesError('usage', '--output writes csv, ndjson or parquet.', {
    hint: 'agnes query --remote --format parquet -o result.parquet "SELECT …"',
  });
}

function needsLimit(): AgnesError {
  return new AgnesError('usage', 'All rows of a query on the server come as csv, ndjson or parquet only.', {
    hint: 'agnes query --remote --format csv --limit 0 "SELECT …" > result.csv',
  });
}

function noTerminal(): AgnesError {
  return new AgnesError('usage', 'Parquet is nothing for a terminal.', {
    hint: 'Write it to a file: -o result.parquet',
  });
}
