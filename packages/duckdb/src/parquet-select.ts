import { AgnesError } from '@agnes/errors';
import type { Connection } from './connection.ts';
import { loadNodeApi } from './node-api.ts';
import { parquetFit } from './parquet-types.ts';
import { quoteIdentifier } from './quote.ts';

interface Cast {
  readonly column: string;
  readonly type: string;
}

/**
 * Runs `write` with a SELECT whose columns parquet can hold exactly. Throws `publish_refused`, naming the column, for a type
 * that parquet has nothing for, and for a value that does not fit the exact counterpart of its type.
 */
export async function withParquetSelect<T>(
  connection: Connection,
  selectSql: string,
  write: (select: string) => Promise<T>,
): Promise<T> {
  const casts = await neededCasts(connection, selectSql);
  if (casts.length === 0) return write(selectSql);
  const replace = casts.map((cast) => `${castOf(cast)} AS ${quoteIdentifier(cast.column)}`).join(', ');
  try {
    return await write(`SELECT * REPLACE (${replace}) FROM (${selectSql}\n)`);
  } catch (error) {
    const cast = isConversionError(error) ? await castThatFails(connection, selectSql, casts) : undefined;
    if (cast === undefined) throw error;
    const column = quoteIdentifier(cast.column);
    throw new AgnesError(
      'publish_refused',
      `Column ${column} has a value that does not fit ${cast.type}, the widest type parquet has for it.`,
      {
        hint: `Cast the column in the source, for example CAST(${column} AS VARCHAR).`,
        details: { column: cast.column },
        cause: error,
      },
    );
  }
}

async function neededCasts(connection: Connection, selectSql: string): Promise<Cast[]> {
  const api = await loadNodeApi();
  const statement = await connection.raw.prepare(`SELECT * FROM (${selectSql}\n)`);
  const casts: Cast[] = [];
  try {
    for (let index = 0; index < statement.columnCount; index += 1) {
      const column = statement.columnName(index);
      const fit = parquetFit(api, statement.columnType(index));
      if ('refused' in fit) {
        throw new AgnesError(
          'publish_refused',
          `Column ${quoteIdentifier(column)} cannot be written to parquet: ${fit.refused}.`,
          { hint: 'Cast the column in the source, for example to VARCHAR.', details: { column } },
        );
      }
      if (fit.cast !== undefined) casts.push({ column, type: fit.cast });
    }
  } finally {
    statement.destroySync();
  }
  return casts;
}

async function castThatFails(
  connection: Connection,
  selectSql: string,
  casts: readonly Cast[],
): Promise<Cast | undefined> {
  for (const cast of casts) {
    if (!(await converts(connection, selectSql, quoteIdentifier(cast.column)))) return undefined;
    if (!(await converts(connection, selectSql, castOf(cast)))) return cast;
  }
  return undefined;
}

async function converts(connection: Connection, selectSql: string, expression: string): Promise<boolean> {
  try {
    await connection.run(`SELECT count(${expression}) FROM (${selectSql}\n)`);
    return true;
  } catch (error) {
    if (isConversionError(error)) return false;
    throw error;
  }
}

function castOf(cast: Cast): string {
  return `CAST(${quoteIdentifier(cast.column)} AS ${cast.type})`;
}

function isConversionError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Conversion Error');
}
