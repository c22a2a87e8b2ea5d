import { type Connection, quoteIdentifier, quoteLiteralList } from '@agnes/duckdb';
import type { WorkerTable } from '../protocol.ts';

/**
 * The rows of a table. Only its columns are named, so that what DuckDB adds to a parquet file on its own (`filename`) cannot
 * be asked for. When its files may differ, what some lack is NULL and what others widen is widened.
 */
export async function selectOf(connection: Connection, { files, columns, uniform }: WorkerTable): Promise<string> {
  if (files.length === 0) {
    const nulls = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
    return `SELECT ${nulls.join(', ')} WHERE false`;
  }
  const from = `read_parquet(${quoteLiteralList(files)}, union_by_name = ${!uniform}, hive_partitioning = false)`;
  if (uniform) return `SELECT ${columns.map(({ name }) => quoteIdentifier(name)).join(', ')} FROM ${from}`;

  const present = new Map((await connection.columns(`SELECT * FROM ${from}`)).map(({ name, type }) => [name, type]));
  const list = columns.map(({ name, type }) => {
    const quoted = quoteIdentifier(name);
    if (present.get(name) === type) return quoted;
    return `CAST(${present.has(name) ? quoted : 'NULL'} AS ${type}) AS ${quoted}`;
  });
  return `SELECT ${list.join(', ')} FROM ${from}`;
}

/** Makes the tables there under their names. */
export async function createViews(connection: Connection, tables: readonly WorkerTable[]): Promise<void> {
  const statements: string[] = [];
  for (const table of tables) {
    statements.push(`CREATE VIEW ${quoteIdentifier(table.name)} AS ${await selectOf(connection, table)}`);
  }
  if (statements.length > 0) await connection.run(statements.join(';\n'));
}

/** Whether every file has exactly these columns, by reading each one's own schema. */
export async function areUniform(
  connection: Connection,
  files: readonly string[],
  columns: readonly { readonly name: string; readonly type: string }[],
): Promise<boolean> {
  const [first, ...others] = files;
  if (first === undefined) return true;
  const described = await connection.columns(`SELECT * FROM read_parquet(${quoteLiteralList([first])})`);
  const same =
    described.length === columns.length &&
    described.every(({ name, type }, index) => name === columns[index]?.name && type === columns[index]?.type);
  if (!same || others.length === 0) return same;
  // The physical schema has everything that DuckDB makes the types of.
  const distinct = await connection.first<{ schemas: number }>(
    `SELECT count(DISTINCT schema) AS schemas FROM (
       SELECT file_name, list((name, type, type_length, repetition_type, num_children, converted_type, scale, precision,
                               field_id, logical_type)) AS schema
       FROM parquet_schema(${quoteLiteralList(files)}) GROUP BY file_name)`,
  );
  return distinct?.schemas === 1;
}
