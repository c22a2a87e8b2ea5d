import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from './connection.ts';
import { copyToParquet, type ParquetOptions, type ParquetWritten } from './parquet.ts';
import { quoteLiteral } from './quote.ts';

export interface ParquetPartsOptions extends ParquetOptions {
  /** The files are called `<prefix>-0.parquet`, `<prefix>-1.parquet`, … and replace what has that name. */
  readonly prefix: string;
  /** About the size of a part, in bytes. Default 128 MB. */
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
  const pathOf = (part: number) => join(folder, `${options.prefix}-${part}.parquet`);
  // DuckDB's own splitting (FILE_SIZE_BYTES) loses the order of the rows as soon as it has two threads.
  const whole = join(folder, `tmp_${options.prefix}-0.parquet`);
  try {
    const written = await copyToParquet(connection, selectSql, whole, options);
    const cuts = await cutsOf(connection, whole, options.partBytes ?? 128 * 1024 * 1024);
    if (cuts.length === 1) {
      await rename(whole, pathOf(0));
      return [{ path: pathOf(0), ...written }];
    }
    const rowsOf = await rangeReader(connection, whole);
    const parts: ParquetPart[] = [];
    for (const [from, to] of cuts) {
      const select = rowsOf(from, to);
      const path = pathOf(parts.length);
      parts.push({ path, ...(await copyToParquet(connection, select, path, options)) });
    }
    return parts;
  } finally {
    await rm(whole, { force: true });
  }
}

/** The SELECT of a range of rows. By row number whole row groups are skipped; a column of that name leaves only OFFSET. */
async function rangeReader(connection: Connection, path: string): Promise<(from: number, to: number) => string> {
  const file = quoteLiteral(path);
  const columns = await connection.columns(`FROM read_parquet(${file})`);
  if (columns.some(({ name }) => name.toLowerCase() === 'file_row_number')) {
    return (from, to) => `FROM read_parquet(${file}) LIMIT ${to - from} OFFSET ${from}`;
  }
  return (from, to) => `SELECT * EXCLUDE (file_row_number) FROM read_parquet(${file}, file_row_number = true)
    WHERE file_row_number >= ${from} AND file_row_number < ${to}`;
}

/** Ranges of rows, each some whole row groups that together have about `bytes`. */
async function cutsOf(connection: Connection, path: string, bytes: number): Promise<[from: number, to: number][]> {
  const groups = await connection.rows<{ rows: number; size: number }>(
    `SELECT any_value(row_group_num_rows) AS rows, sum(total_compressed_size)::BIGINT AS size
     FROM parquet_metadata($1) GROUP BY row_group_id ORDER BY row_group_id`,
    [path],
  );
  const cuts: [number, number][] = [];
  let start = 0;
  let end = 0;
  let size = 0;
  for (const group of groups) {
    end += group.rows;
    size += group.size;
    if (size < bytes) continue;
    cuts.push([start, end]);
    start = end;
    size = 0;
  }
  const last = cuts.at(-1);
  if (last !== undefined && size < bytes / 2) last[1] = end;
  else cuts.push([start, end]);
  return cuts;
}
