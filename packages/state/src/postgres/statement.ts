import { AgnesError, messageOf } from '@agnes/errors';
import type { ClientBase, QueryArrayConfig } from 'pg';
import type { RawRows } from '../session.ts';

/** The numbers by which Postgres names types. */
const BOOL = 16;
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23, 26]);
const DECIMALS: ReadonlySet<number> = new Set([700, 701, 1700]);
const TIMESTAMPTZ = 1184;

/**
 * Values come back as they do from DuckDB: numbers while they are exact, then bigints; times as Dates; JSON as its text,
 * which the columns of the schema read.
 */
const types = {
  getTypeParser: (type: number) => (text: string) => {
    if (type === BOOL) return text === 't';
    if (INTEGERS.has(type)) return exact(text);
    // A sum of bigints is a numeric without a fraction.
    if (DECIMALS.has(type)) return /^-?\d+$/.test(text) ? exact(text) : Number(text);
    return type === TIMESTAMPTZ ? new Date(text) : text;
  },
};

/** Runs one statement; text with several is refused, as everywhere. */
export async function runStatement(
  client: Pick<ClientBase, 'query'>,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<RawRows> {
  const query: QueryArrayConfig & { queryMode: 'extended' } = {
    text: sql,
    values: parameters.map(bound),
    rowMode: 'array',
    types,
    queryMode: 'extended',
  };
  try {
    const { fields, rows, rowCount } = await client.query<unknown[]>(query);
    return { columns: fields.map((field) => field.name), rows, rowCount: rowCount ?? 0 };
  } catch (error) {
    throw translate(error, sql);
  }
}

/** Errors that a person can act on; the others stay what they are. None holds the address of the database. */
export function translate(error: unknown, sql = ''): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '25006') {
    return new Error(`state.db only reads; write inside state.write(): ${sql.slice(0, 200)}`, { cause: error });
  }
  if (code === '42501') {
    return new AgnesError('invalid_config', `The state database refuses its user a right: ${messageOf(error)}`, {
      hint: 'Make the user of AGNES_STATE_URL the owner of the database and of what is in it.',
      cause: error,
    });
  }
  if (code === '53100') {
    return new AgnesError('storage_full', 'The disk of the state database is full; the change was not saved.', {
      hint: 'Free some space or enlarge the disk of the database server, then try again.',
      cause: error,
    });
  }
  const lost =
    /^(08|57P0|53300)/.test(code) ||
    /^E[A-Z]+$/.test(code) ||
    /connection|timeout exceeded|not queryable/i.test(messageOf(error));
  if (lost && !/^(22|23|42)/.test(code)) {
    return new AgnesError('unavailable', `The state database does not answer: ${messageOf(error) || code}`, {
      hint: 'Look whether the database server runs and can be reached; the next request tries again.',
      cause: error,
    });
  }
  return error;
}

function bound(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : typeof value === 'bigint' ? String(value) : value;
}

function exact(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}
