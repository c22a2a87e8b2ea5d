import type { BlobStore } from '@agnes/blobs';
import type { TableVersion } from '@agnes/catalog';
import type { RunOptions, WorkerPool } from './worker-pool.ts';

/** A row as JSON: see `toJson` of @agnes/duckdb. */
export type JsonRow = Record<string, unknown>;

/** The first `n` rows of a table's version, in its order. Opens no more of its parts than those rows need. */
export async function sampleTable(
  pool: WorkerPool,
  version: Pick<TableVersion, 'parts' | 'columns'>,
  blobs: Pick<BlobStore, 'path'>,
  n: number,
  options: RunOptions = {},
): Promise<JsonRow[]> {
  const files: string[] = [];
  let rows = 0;
  for (const part of version.parts) {
    files.push(blobs.path(part.sha256));
    rows += part.rows;
    if (rows >= n) break;
  }
  if (files.length === 0) return [];
  const columns = version.columns.map(({ name, type }) => ({ name, type }));
  return (await pool.run({ kind: 'sample', files, columns, n }, options)).rows;
}
