import { type Connection, copyToCsv, copyToNdjson, copyToParquet } from '@agnes/duckdb';
import { AgnesError, isAgnesError } from '@agnes/errors';
import type { FileFormat, FromWorker, Output } from '../protocol.ts';

type FileOutput = Extract<Output, { kind: 'file' }>;

/** Writes the rows of a statement to the one file that may be written. With a limit it is told exactly whether there are more. */
export async function writeFile(
  connection: Connection,
  sql: string,
  { path, format, limit }: FileOutput,
): Promise<FromWorker> {
  if (limit === null) return { type: 'written', rows: await copy(connection, sql, path, format), truncated: false };
  await connection.run(`CREATE TEMP TABLE result AS SELECT * FROM (${sql}\n) AS q LIMIT ${limit + 1}`);
  const found = await connection.first<{ rows: number }>('SELECT count(*) AS rows FROM temp.result');
  const truncated = (found?.rows ?? 0) > limit;
  const rows = await copy(connection, `SELECT * FROM temp.result LIMIT ${limit}`, path, format);
  return { type: 'written', rows, truncated };
}

async function copy(connection: Connection, sql: string, path: string, format: FileFormat): Promise<number> {
  if (format === 'csv') return copyToCsv(connection, sql, path);
  if (format === 'ndjson') return copyToNdjson(connection, sql, path);
  try {
    return (await copyToParquet(connection, sql, path, { inPlace: true })).rows;
  } catch (error) {
    if (!isAgnesError(error, 'publish_refused')) throw error;
    throw new AgnesError('query_failed', error.message, {
      hint: 'Cast that column in the query, for example to VARCHAR, or ask for csv or ndjson.',
      details: error.details,
      cause: error,
    });
  }
}
