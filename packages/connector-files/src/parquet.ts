import {
  type Column,
  type Connection,
  parquetFileInfo,
  quoteIdentifier,
  quoteLiteral,
  quoteLiteralList,
} from '@agnes/duckdb';
import { type AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { assertKnownColumns, castTo } from './column-types.ts';
import { invalidFile } from './failures.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';

const INTEGERS = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'];
/** Whole numbers of these types are exact in a DOUBLE. */
const EXACT_IN_DOUBLE = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'FLOAT',
  'DOUBLE',
]);

/**
 * Parquet files with the same columns are copied as they are. Otherwise columns are matched by name, and one that has several
 * types gets the type that holds all of them exactly.
 */
export async function planParquet(input: ReadInput): Promise<ReadPlan> {
  const { connection, files, columnTypes } = input;
  const schemas: (readonly Column[])[] = [];
  for (const file of files) {
    try {
      const { columns, rows } = await parquetFileInfo(connection, file.path);
      await readAll(connection, file.path, columns, rows);
      schemas.push(columns);
    } catch (error) {
      if (isAgnesError(error) || /out of memory|interrupted/i.test(messageOf(error))) throw error;
      throw invalidFile(file.path, `It cannot be read as parquet: ${messageOf(error)}`, {
        hint: 'The file may be cut off, damaged or something else under this name; write it again and sync again.',
        cause: error,
      });
    }
  }
  const paths = files.map((file) => file.path);
  const same = new Set(schemas.map((columns) => JSON.stringify(columns))).size === 1;
  if (same && Object.keys(columnTypes).length === 0) return { copy: paths, warnings: [] };

  const types = new Map<string, Set<string>>();
  for (const { name, type } of schemas.flat()) types.set(name, (types.get(name) ?? new Set()).add(type));
  assertKnownColumns(columnTypes, [...types.keys()]);
  const warnings: ConnectorWarning[] = [];
  const firstWith = (name: string, type: string): string =>
    paths[schemas.findIndex((columns) => columns.some((column) => column.name === name && column.type === type))] ?? '';
  const chosen = new Map(
    [...types].map(([name, each]) => [
      name,
      columnTypes[name] ?? widest(name, [...each], (type) => firstWith(name, type), warnings),
    ]),
  );
  const selects = paths.map((path, index) => {
    const columns = (schemas[index] ?? []).map(({ name, type }) => {
      const target = chosen.get(name) ?? type;
      const quoted = quoteIdentifier(name);
      return target === type ? quoted : `${castTo(quoted, target)} AS ${quoted}`;
    });
    return `SELECT ${columns.join(', ')} FROM read_parquet(${quoteLiteralList([path])})`;
  });
  return { select: selects.join(' UNION ALL BY NAME '), warnings };
}

function widest(
  name: string,
  types: readonly string[],
  firstWith: (type: string) => string,
  warnings: ConnectorWarning[],
): string {
  const [first, ...others] = types;
  if (first === undefined || others.length === 0) return first ?? 'VARCHAR';
  if (types.every((type) => INTEGERS.includes(type))) {
    return types.includes('UBIGINT') ? 'DECIMAL(38,0)' : 'BIGINT';
  }
  if (types.every((type) => EXACT_IN_DOUBLE.has(type))) return 'DOUBLE';
  warnings.push({
    code: 'mixed_types',
    message: `Column ${JSON.stringify(name)} is ${types.map((type) => `${type} in ${firstWith(type)}`).join(' and ')}; it is published as text.`,
    hint: 'Give the column a type in column_types of the table to decide it yourself.',
  });
  return 'VARCHAR';
}

/**
 * Reads every value, because the footer of a damaged or forged file says what it likes. Throws `source_file_invalid` when it
 * holds another number of rows than it says.
 */
async function readAll(connection: Connection, path: string, columns: readonly Column[], rows: number): Promise<void> {
  const from = `read_parquet(${quoteLiteral(path)}, hive_partitioning = false)`;
  const groups = await connection.first<{ rows: number }>(
    `SELECT coalesce(sum(rows), 0)::BIGINT AS rows FROM (
       SELECT any_value(row_group_num_rows) AS rows FROM parquet_metadata(${quoteLiteral(path)}) GROUP BY row_group_id)`,
  );
  // A group cannot hold more rows than values; one that claims to would be read for ever.
  const values = await connection.first<{ n: number }>(
    `SELECT count(*) AS n FROM parquet_metadata(${quoteLiteral(path)}) WHERE num_values < row_group_num_rows`,
  );
  const held = Number(groups?.rows ?? 0);
  if (held !== rows || (values?.n ?? 0) > 0) throw forged(path, rows);
  const hashed = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const read = await connection.first<{ n: number }>(
    `SELECT count(*) AS n, bit_xor(hash(${hashed})) AS folded FROM ${from}`,
  );
  if (Number(read?.n ?? 0) !== rows) throw forged(path, rows);
}

function forged(path: string, rows: number): AgnesError {
  return invalidFile(path, `The parquet file says that it has ${rows} rows, and its parts do not have as many.`, {
    hint: 'It is damaged or forged; write it again and sync again.',
  });
}
