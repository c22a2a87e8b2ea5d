import { stat } from 'node:fs/promises';
import type { Column, Connection } from './connection.ts';
import { withParquetSelect } from './parquet-select.ts';
import { quoteLiteral } from './quote.ts';

export interface ParquetOptions {
  /** Rows in a row group; DuckDB's default is 122,880. */
  readonly rowGroupSize?: number;
  /** Writes to the file itself and not to one beside it that is renamed: for a sandbox that allows this one file. */
  readonly inPlace?: boolean;
}

export interface ParquetWritten {
  readonly rows: number;
  readonly size_bytes: number;
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
  return withParquetSelect(connection, selectSql, async (select) => {
    const rows = await connection.run(`COPY (${select}\n) TO ${quoteLiteral(path)} (${formatOptions(options)})`);
    return { rows, size_bytes: (await stat(path)).size };
  });
}

function formatOptions(options: ParquetOptions): string {
  const rowGroupSize = options.rowGroupSize === undefined ? '' : `, ROW_GROUP_SIZE ${Math.trunc(options.rowGroupSize)}`;
  const inPlace = options.inPlace === true ? ', USE_TMP_FILE false' : '';
  return `FORMAT parquet, COMPRESSION zstd${rowGroupSize}${inPlace}`;
}

export interface ParquetFileInfo {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** Rows and columns of one parquet file, from its footer alone. Throws DuckDB's error when it is no parquet file. */
export async function parquetFileInfo(connection: Connection, path: string): Promise<ParquetFileInfo> {
  const footer = await connection.first<{ rows: number }>(
    'SELECT num_rows AS rows FROM parquet_file_metadata([$1::VARCHAR])',
    [path],
  );
  if (footer === undefined) throw new Error(`No parquet file at ${path}.`);
  return { rows: footer.rows, columns: await connection.columns(`SELECT * FROM read_parquet(${quoteLiteral(path)})`) };
}
