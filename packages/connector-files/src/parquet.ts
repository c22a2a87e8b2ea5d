import { type Column, parquetFileInfo, quoteIdentifier, quoteLiteralList } from '@agnes/duckdb';
import { AgnesError, messageOf } from '@agnes/errors';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { assertKnownColumns, castTo } from './column-types.ts';
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
      schemas.push((await parquetFileInfo(connection, file.path)).columns);
    } catch (error) {
      throw new AgnesError('source_file_invalid', `${file.path} cannot be read as parquet: ${messageOf(error)}`, {
        hint: 'The file may be cut off, encrypted, or something else under this name.',
        details: { file: file.path },
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
  const chosen = new Map(
    [...types].map(([name, each]) => [name, columnTypes[name] ?? widest(name, [...each], warnings)]),
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

function widest(name: string, types: readonly string[], warnings: ConnectorWarning[]): string {
  const [first, ...others] = types;
  if (first === undefined || others.length === 0) return first ?? 'VARCHAR';
  if (types.every((type) => INTEGERS.includes(type))) {
    return types.includes('UBIGINT') ? 'DECIMAL(38,0)' : 'BIGINT';
  }
  if (types.every((type) => EXACT_IN_DOUBLE.has(type))) return 'DOUBLE';
  warnings.push({
    code: 'mixed_types',
    message: `Column ${JSON.stringify(name)} is ${types.join(' in one file and ')} in another; it is published as text.`,
    hint: 'Give the column a type in column_types of the table to decide it yourself.',
  });
  return 'VARCHAR';
}
