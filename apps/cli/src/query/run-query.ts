import { type Database, openDatabase, toJson } from '@agnes/duckdb';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import { openElsewhere } from '../workspace/open-elsewhere.ts';
import { localFailure } from './local-failure.ts';
import { requireOneReading } from './one-statement.ts';
import { uniqueNames } from './unique-names.ts';

/** A query's answer, rows as they come. `truncated` is known once `rows` has ended. */
export interface QueryAnswer extends AsyncDisposable {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<readonly Record<string, unknown>[]>;
  readonly truncated: () => boolean;
}

/**
 * Runs one reading statement on a local database, which is opened read-only, and gives at most `limit` rows (0: all).
 * Throws `usage` for anything but one reading statement, else what
 * {@link localFailure} makes of DuckDB's words.
 */
export async function runQuery(path: string, sql: string, limit: number): Promise<QueryAnswer> {
  const database = await openReadOnly(path);
  try {
    const connection = await database.connect();
    await whatDuckDbSays(sql, () => requireOneReading(connection, sql));
    const answer = await whatDuckDbSays(sql, () => connection.streamArrays(sql));
    const columns = uniqueNames(answer.columns.map(({ name }) => name));
    let truncated = false;
    async function* rows(): AsyncGenerator<Record<string, unknown>[]> {
      let left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
      try {
        for await (const chunk of answer.chunks) {
          truncated = chunk.length > left;
          const some = truncated ? chunk.slice(0, left) : chunk;
          left -= some.length;
          if (some.length > 0)
            yield some.map((row) => Object.fromEntries(columns.map((name, index) => [name, toJson(row[index])])));
          if (truncated) return;
        }
      } catch (error) {
        throw localFailure(error, sql);
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

async function whatDuckDbSays<T>(sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isAgnesError(error)) throw error;
    throw localFailure(error, sql);
  }
}
