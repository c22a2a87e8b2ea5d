import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { copyToParquet, openDatabase, quoteIdentifier } from '@agnes/duckdb';

/**
 * Writes a parquet file of `rows` rows. Each column is a DuckDB expression over the row's number `i` (from 0), for example
 * `{ id: 'i', name: "'name ' || i", amount: '(hash(i) % 1000) / 10.0' }`; the same expressions write the same bytes.
 */
export async function writeParquet(
  path: string,
  rows: number,
  columns: Readonly<Record<string, string>>,
): Promise<void> {
  const list = Object.entries(columns).map(([name, expression]) => `${expression} AS ${quoteIdentifier(name)}`);
  await mkdir(dirname(path), { recursive: true });
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await copyToParquet(connection, `SELECT ${list.join(', ')} FROM range(${rows}) AS numbers(i) ORDER BY i`, path);
}
