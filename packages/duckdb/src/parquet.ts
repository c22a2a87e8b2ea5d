import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Column, Connection } from './connection.ts';
import { withParquetSelect } from './parquet-select.ts';
import { quoteLiteral } from './quote.ts';

export interface ParquetOptions {
  /** Rows in a row group; DuckDB's default is 122,880. */
  readonly rowGroupSize?: number;
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

export interface ParquetPartsOptions extends ParquetOptions {
  /** The files are called `<prefix>-0.parquet`, `<prefix>-1.parquet`, … and replace what has that name. */
  readonly prefix: string;
  /** A file ends after the row group that reaches this size. Default 128 MB. */
  readonly partBytes?: number;
}

export interface ParquetPart extends ParquetWritten {
  readonly path: string;
}

/**
 * Like {@link copyToParquet}, into as many files of `folder` as the size asks for, at least one. The parts are in the order
 * of the rows, and the same rows give the same parts.
 */
export async function copyToParquetParts(
  connection: Connection,
  selectSql: string,
  folder: string,
  options: ParquetPartsOptions,
): Promise<ParquetPart[]> {
  await mkdir(folder, { recursive: true });
  const size = Math.max(1, Math.trunc(options.partBytes ?? 128 * 1024 * 1024));
  const written = await withParquetSelect(connection, selectSql, (select) =>
    connection.rows<{ filename: string; count: number; file_size_bytes: number }>(
      `COPY (${select}\n) TO ${quoteLiteral(folder)} (${formatOptions(options)}, FILE_SIZE_BYTES ${size},
        FILENAME_PATTERN ${quoteLiteral(`${options.prefix}-{i}`)}, OVERWRITE_OR_IGNORE true, RETURN_STATS true)`,
    ),
  );
  const number = (path: string) => Number(/-(\d+)\.parquet$/.exec(path)?.[1]);
  const parts = written
    .filter((part) => part.count > 0)
    .map((part) => ({ path: part.filename, rows: part.count, size_bytes: part.file_size_bytes }))
    .sort((a, b) => number(a.path) - number(b.path));
  if (parts.length > 0) return parts;
  const path = join(folder, `${options.prefix}-0.parquet`);
  return [{ path, ...(await copyToParquet(connection, selectSql, path, options)) }];
}

function formatOptions(options: ParquetOptions): string {
  const rowGroupSize = options.rowGroupSize === undefined ? '' : `, ROW_GROUP_SIZE ${Math.trunc(options.rowGroupSize)}`;
  return `FORMAT parquet, COMPRESSION zstd${rowGroupSize}`;
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
