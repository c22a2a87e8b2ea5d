import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, type Database, openDatabase, quoteIdentifier, type Row } from '@agnes/duckdb';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError, messageOf } from '@agnes/errors';
import {
  type Extract,
  type ExtractProblem,
  groupParts,
  type InnerObject,
  readRemoteAttach,
  readTables,
} from './extract-rows.ts';
import { COLUMNS, EXTRACT_FILE } from './tables.ts';

const MOST_ROWS = 100_000;

/**
 * Reads what the extract of a source's folder declares, without running anything that its writer wrote. Throws
 * `extract_missing` (unless `missing` is 'empty') or `extract_unreadable`.
 */
export async function readExtract(sourceDir: string, options: { missing?: 'empty' } = {}): Promise<Extract> {
  const path = join(sourceDir, EXTRACT_FILE);
  if (!(await isThere(path))) {
    if (options.missing === 'empty') return { tables: [], remoteAttach: [], problems: [] };
    throw new AgnesError('extract_missing', `There is no ${EXTRACT_FILE} in ${sourceDir}.`, {
      hint: 'Run the connector of this source first.',
    });
  }
  let database: Database;
  try {
    database = await openDatabase(path, { readOnly: true });
  } catch (error) {
    throw new AgnesError('extract_unreadable', `${path} cannot be opened: ${messageOf(error)}`, {
      hint: 'If a connector is writing into it, wait; otherwise extract the source again.',
      cause: error,
    });
  }
  try {
    const connection = await database.connect();
    const current = await connection.first<{ name: string }>('SELECT current_database() AS name');
    return await readAttachedExtract(connection, current?.name ?? '');
  } finally {
    await database.close();
  }
}

/** Like {@link readExtract}, from a database that is attached as `alias`. Throws `extract_invalid` without a `_meta`. */
export async function readAttachedExtract(connection: Connection, alias: string): Promise<Extract> {
  const problems: ExtractProblem[] = [];
  const objects = await readObjects(connection, alias);
  const meta = await readOwnTable(connection, alias, objects, '_meta', problems);
  if (meta === undefined) {
    throw new AgnesError('extract_invalid', 'The extract has no table _meta with the columns of the contract.', {
      hint: `Create it: ${COLUMNS._meta.join(', ')}.`,
    });
  }
  const parts = (await readOwnTable(connection, alias, objects, '_parts', problems)) ?? [];
  const remote = (await readOwnTable(connection, alias, objects, '_remote_attach', problems)) ?? [];
  const tables = readTables(meta, objects, groupParts(parts), problems);
  return { tables, remoteAttach: readRemoteAttach(remote, problems), problems };
}

async function readObjects(connection: Connection, alias: string): Promise<Map<string, InnerObject>> {
  const rows = await connection.rows<{ name: string; kind: 'view' | 'table'; sql: string | null }>(
    `SELECT table_name AS name, 'table' AS kind, sql FROM duckdb_tables()
     WHERE database_name = $1 AND schema_name = 'main'
     UNION ALL
     SELECT view_name, 'view', sql FROM duckdb_views() WHERE database_name = $1 AND schema_name = 'main' AND NOT internal`,
    [alias],
  );
  return new Map(rows.map((row) => [row.name.toLowerCase(), { ...row, sql: row.sql ?? '' }]));
}

/** The rows of one of the contract's own tables. A view in its place would be code, so that is not read. */
async function readOwnTable(
  connection: Connection,
  alias: string,
  objects: ReadonlyMap<string, InnerObject>,
  name: keyof typeof COLUMNS,
  problems: ExtractProblem[],
): Promise<Row[] | undefined> {
  const object = objects.get(name);
  if (object === undefined) return undefined;
  const present = await connection.rows<{ name: string }>(
    `SELECT column_name AS name FROM duckdb_columns()
     WHERE database_name = $1 AND schema_name = 'main' AND table_name = $2 ORDER BY column_index`,
    [alias, object.name],
  );
  const missing = COLUMNS[name].filter((column) => !present.some((there) => there.name === column));
  if (object.kind === 'view' || missing.length > 0) {
    problems.push({
      code: 'extract_invalid',
      message: object.kind === 'view' ? `${name} is a view.` : `${name} has no column ${missing.join(', ')}.`,
      hint: `Make ${name} a table with the columns ${COLUMNS[name].join(', ')}.`,
    });
    return undefined;
  }
  const rows = await connection.rows(
    `SELECT ${COLUMNS[name].join(', ')} FROM ${quoteIdentifier(alias)}.main.${quoteIdentifier(object.name)}
     ORDER BY rowid LIMIT ${MOST_ROWS + 1}`,
  );
  if (rows.length <= MOST_ROWS) return rows;
  problems.push({
    code: 'extract_invalid',
    message: `${name} has more than ${MOST_ROWS} rows; the rest is not read.`,
    hint: 'Split the source.',
  });
  return rows.slice(0, MOST_ROWS);
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
