import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from './connection.ts';
import { copyToParquet, type ParquetOptions, type ParquetWritten } from './parquet.ts';
import { type CutParquet, openCutParquet, type RowGroups } from './parquet-cut.ts';

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
    const partBytes = options.partBytes ?? 128 * 1024 * 1024;
    const cut = written.size_bytes < partBytes ? undefined : await openCutParquet(whole);
    const ranges = cutsOf(cut?.groups ?? [], partBytes);
    if (cut === undefined || ranges.length === 1) {
      await rename(whole, pathOf(0));
      return [{ path: pathOf(0), ...written }];
    }
    const parts: ParquetPart[] = [];
    for (const range of ranges) {
      const path = pathOf(parts.length);
      await cut.write(range, path);
      parts.push({ path, rows: range.rows, size_bytes: (await stat(path)).size });
    }
    return parts;
  } finally {
    await rm(whole, { force: true });
  }
}

/** Whole row groups that together have about `bytes`, and their rows. */
function cutsOf(groups: CutParquet['groups'], bytes: number): (RowGroups & { readonly rows: number })[] {
  const cuts: { from: number; to: number; rows: number }[] = [];
  let next = { from: 0, to: 0, rows: 0 };
  let size = 0;
  for (const group of groups) {
    next = { from: next.from, to: next.to + 1, rows: next.rows + group.rows };
    size += group.size;
    if (size < bytes) continue;
    cuts.push(next);
    next = { from: next.to, to: next.to, rows: 0 };
    size = 0;
  }
  const last = cuts.at(-1);
  if (last === undefined || size >= bytes / 2) cuts.push(next);
  else cuts[cuts.length - 1] = { from: last.from, to: next.to, rows: last.rows + next.rows };
  return cuts;
}
