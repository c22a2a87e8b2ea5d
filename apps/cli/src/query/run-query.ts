import { type Connection, type Database, openDatabase, toJson } from '@agnes/duckdb';
import { AgnesError, messageOf } from '@agnes/errors';
import { openElsewhere } from '../workspace/open-elsewhere.ts';
import { uniqueNames } from './unique-names.ts';

/** A query's answer, rows as they come. `truncated` is known once `rows` has ended. */
export interface QueryAnswer extends AsyncDisposable {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<readonly Record<string, unknown>[]>;
  readonly truncated: () => boolean;
}

/** StatementType of DuckDB's C API. */
const READING = new Set([1 /* SELECT */, 4 /* EXPLAIN */]);

/**
 * Runs one reading statement on a local database, which is opened read-only, and gives at most `limit` rows (0: all).
 * Throws `usage` for anything but one reading statement, `table_not_found`, `query_failed`.
 */
export async function runQuery(path: string, sql: string, limit: number): Promise<QueryAnswer> {
  const database = await openReadOnly(path);
  try {
    const connection = await database.connect();
    const columns = await prepare(connection, sql);
    let truncated = false;
    async function* rows(): AsyncGenerator<Record<string, unknown>[]> {
      let left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
      try {
        for await (const chunk of connection.stream(sql)) {
          truncated = chunk.length > left;
          const some = truncated ? chunk.slice(0, left) : chunk;
          left -= some.length;
          if (some.length > 0) yield some.map((row) => toJson(row) as Record<string, unknown>);
          if (truncated) return;
        }
      } catch (error) {
        throw queryError(error);
      }
    }
    return {
      columns,
      rows: rows(),
      truncated: () => truncated,
      [Symbol.asyncDispose]: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openReadOnly(path: string): Promise<Database> {
  try {
    return await openDatabase(path, { readOnly: true });
  } catch (error) {
    const busy = openElsewhere(error, path, 'Close it there, or open it read-only there.');
    if (busy !== undefined) throw busy;
    throw new AgnesError('local_database_unreadable', `${path} cannot be opened: ${messageOf(error).split('\n')[0]}`, {
      hint: 'Move the file away (tables of your own are in it), then run: agnes pull',
      cause: error,
    });
  }
}

/** The columns of the statement, named as the rows name them. */
async function prepare(connection: Connection, sql: string): Promise<string[]> {
  const statements = await whatDuckDbSays(() => connection.raw.extractStatements(sql));
  if (statements.count !== 1) {
    throw new AgnesError('usage', statements.count === 0 ? 'The query is empty.' : 'One statement at a time.', {
      hint: 'agnes query "SELECT …"',
    });
  }
  const statement = await whatDuckDbSays(() => statements.prepare(0));
  try {
    if (!READING.has(statement.statementType)) throw onlyReading();
    return uniqueNames(Array.from({ length: statement.columnCount }, (_, index) => statement.columnName(index)));
  } finally {
    statement.destroySync();
  }
}

function onlyReading(cause?: unknown): AgnesError {
  return new AgnesError(
    'usage',
    'Only statements that read can run here: SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN.',
    {
      hint: 'For tables of your own, open user/duckdb/analytics.duckdb with DuckDB; agnes pull keeps them.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

async function whatDuckDbSays<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw queryError(error);
  }
}

function queryError(error: unknown): AgnesError {
  const message = messageOf(error)
    .replace(/\n\nLINE 1:/, '\nLINE 1:')
    .trim();
  const table = /Table with name (.+?) does not exist!/.exec(message)?.[1];
  if (table !== undefined) {
    return new AgnesError('table_not_found', `There is no table '${table}' in this workspace.`, {
      hint: 'agnes catalog',
      details: { table },
      cause: error,
    });
  }
  if (/attached in read-only mode/.test(message)) return onlyReading(error);
  if (/No files found that match|Cannot open file/.test(message)) {
    return new AgnesError('query_failed', `A part of a table is gone from this laptop: ${message}`, {
      hint: 'Bring it back: agnes pull',
      cause: error,
    });
  }
  return new AgnesError('query_failed', message, { hint: 'Columns and types: agnes schema <table>', cause: error });
}
