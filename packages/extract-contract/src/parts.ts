import { stat } from 'node:fs/promises';
import { type Column, type Connection, parquetFileInfo } from '@agnes/duckdb';
import { AgnesError, messageOf } from '@agnes/errors';

/** One parquet file of a table. `path` is absolute. */
export interface Part {
  readonly path: string;
  readonly rows: number;
  readonly size_bytes: number;
  readonly partition_key: string | null;
}

/** What a parquet file holds, from its footer. Throws `extract_invalid` when it is none. */
export async function describePart(connection: Connection, path: string, partition_key: string | null): Promise<Part> {
  const { size } = await stat(path);
  return { path, rows: (await footer(connection, path)).rows, size_bytes: size, partition_key };
}

/** Throws `extract_invalid` unless all files have the same columns, of the same types, in the same order. */
export async function assertSameColumns(
  connection: Connection,
  table: string,
  paths: readonly string[],
): Promise<void> {
  let first: readonly Column[] | undefined;
  for (const path of paths) {
    const { columns } = await footer(connection, path);
    first ??= columns;
    if (signature(columns) === signature(first)) continue;
    throw new AgnesError('extract_invalid', `The parts of table ${table} have different columns: ${path} differs.`, {
      hint: 'Write the whole table anew, or bring all parts to the same columns first.',
      details: { table, path, columns, expected: first },
    });
  }
}

async function footer(connection: Connection, path: string) {
  try {
    return await parquetFileInfo(connection, path);
  } catch (error) {
    throw new AgnesError('extract_invalid', `${path} cannot be read as parquet: ${messageOf(error)}`, {
      hint: 'Write the file again; it may be cut off, or no parquet at all.',
      details: { path },
      cause: error,
    });
  }
}

function signature(columns: readonly Column[]): string {
  return JSON.stringify(columns.map((column) => [column.name, column.type]));
}
