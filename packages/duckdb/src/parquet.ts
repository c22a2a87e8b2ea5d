import { stat } from 'node:fs/promises';
import { AgnesError } from '@agnes/errors';
import type { Column, Connection } from './connection.ts';
import { loadNodeApi } from './node-api.ts';
import { parquetFit } from './parquet-types.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

export interface ParquetOptions {
  /** Rows in a row group; DuckDB's default is 122,880. */
  readonly rowGroupSize?: number;
}

export interface ParquetWritten {
  readonly rows: number;
  readonly size_bytes: number;
}

interface Cast {
  readonly column: string;
  readonly type: string;
}

/**
 * Writes the rows of a SELECT (without a trailing semicolon) to one zstd parquet file; the same rows in the same order give
 * the same bytes. What parquet cannot hold is cast to a type that keeps every value (see the README) and otherwise throws
 * `publish_refused`, naming the column. The file is not fsynced.
 */
export async function copyToParquet(
  connection: Connection,
  selectSql: string,
  path: string,
  options: ParquetOptions = {},
): Promise<ParquetWritten> {
  const casts = await neededCasts(connection, selectSql);
  const source = casts.length === 0 ? selectSql : `SELECT * REPLACE (${castList(casts)}) FROM (${selectSql}\n)`;
  const rowGroupSize = options.rowGroupSize === undefined ? '' : `, ROW_GROUP_SIZE ${Math.trunc(options.rowGroupSize)}`;
  try {
    const rows = await connection.run(
      `COPY (${source}\n) TO ${quoteLiteral(path)} (FORMAT parquet, COMPRESSION zstd${rowGroupSize})`,
    );
    return { rows, size_bytes: (await stat(path)).size };
  } catch (error) {
    const column = isConversionError(error) ? await columnThatDoesNotFit(connection, selectSql, casts) : undefined;
    if (column === undefined) throw error;
    throw new AgnesError(
      'publish_refused',
      `Column ${quoteIdentifier(column.column)} has a value that does not fit ${column.type}, the widest type parquet has for it.`,
      {
        hint: `Cast the column in the source, for example CAST(${quoteIdentifier(column.column)} AS VARCHAR).`,
        details: { column: column.column },
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

function castList(casts: readonly Cast[]): string {
  return casts
    .map(({ column, type }) => `CAST(${quoteIdentifier(column)} AS ${type}) AS ${quoteIdentifier(column)}`)
    .join(', ');
}

async function columnThatDoesNotFit(
  connection: Connection,
  selectSql: string,
  casts: readonly Cast[],
): Promise<Cast | undefined> {
  for (const cast of casts) {
    const name = quoteIdentifier(cast.column);
    if (!(await runs(`count(${name})`))) return undefined;
    if (!(await runs(`count(CAST(${name} AS ${cast.type}))`))) return cast;
  }
  return undefined;

  async function runs(expression: string): Promise<boolean> {
    try {
      await connection.run(`SELECT ${expression} FROM (${selectSql}\n)`);
      return true;
    } catch (error) {
      if (isConversionError(error)) return false;
      throw error;
    }
  }
}

function isConversionError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Conversion Error');
}

export interface ParquetFileInfo {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** Rows and columns of one parquet file, from its footer alone. Throws DuckDB's error when it is no parquet file. */
export async function parquetFileInfo(connection: Connection, path: string): Promise<ParquetFileInfo> {
  const [footer, columns] = [
    await connection.first<{ rows: number }>('SELECT num_rows AS rows FROM parquet_file_metadata($1)', [path]),
    await connection.columns(`SELECT * FROM read_parquet(${quoteLiteral(path)})`),
  ];
  if (footer === undefined) throw new Error(`No parquet file at ${path}.`);
  return { rows: footer.rows, columns };
}
