import { type Connection, quoteIdentifier } from '@agnes/duckdb';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { assertKnownColumns, castTo } from './column-types.ts';
import type { SourceFile } from './find-files.ts';
import { jsonArguments } from './json-layout.ts';
import { rewriteExactNumbers } from './json-numbers.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';

/**
 * Reads JSON (an array of objects, one object, or objects one after another) and NDJSON. Objects become STRUCTs, arrays
 * LISTs, and values of several types JSON. Columns are matched by name over all files.
 */
export async function planJson(input: ReadInput): Promise<ReadPlan> {
  const { connection, columnTypes } = input;
  const warnings: ConnectorWarning[] = [];
  const format = input.format === 'ndjson' ? 'newline_delimited' : 'auto';
  const rewritten = await rewriteExactNumbers(connection, input.files, format, input.scratch, warnings);
  const source = rewritten === undefined ? readJson(input.files, format) : readJson([rewritten], 'newline_delimited');
  const columns = await connection.columns(`SELECT * FROM ${source}`);
  assertKnownColumns(
    columnTypes,
    columns.map((column) => column.name),
  );
  const replace: string[] = [];
  for (const { name, type } of columns) {
    const column = quoteIdentifier(name);
    const given = columnTypes[name];
    const expression =
      given === undefined ? await plainer(connection, source, name, type, warnings) : castTo(column, given);
    if (expression !== undefined) replace.push(`${expression} AS ${column}`);
  }
  return {
    select: `SELECT * ${replace.length === 0 ? '' : `REPLACE (${replace.join(', ')})`} FROM ${source}`,
    warnings,
  };
}

function readJson(files: readonly SourceFile[], format: string): string {
  return `read_json(${jsonArguments(files, format)}, sample_size = -1, union_by_name = true, maximum_depth = -1,
    map_inference_threshold = -1, convert_strings_to_integers = false)`;
}

/** A plainer expression for a column that DuckDB gives a wider type than its values need, or undefined to leave it. */
async function plainer(
  connection: Connection,
  source: string,
  name: string,
  type: string,
  warnings: ConnectorWarning[],
): Promise<string | undefined> {
  const column = quoteIdentifier(name);
  if (type.includes('HUGEINT')) {
    // Positive and negative numbers in one place are enough for it to say HUGEINT.
    const narrow = type.replaceAll(/\bU?HUGEINT\b/g, 'BIGINT');
    return (await casts(connection, source, column, narrow)) ? castTo(column, narrow) : undefined;
  }
  if (type !== 'JSON') return undefined;
  const nested = await connection.first(
    `SELECT 1 FROM ${source} WHERE json_type(${column}) IN ('OBJECT', 'ARRAY') LIMIT 1`,
  );
  warnings.push({
    code: 'mixed_types',
    message: `Column ${JSON.stringify(name)} has values of several types; it is published as ${nested === undefined ? 'text' : 'JSON text'}.`,
    hint: 'Give the column a type in column_types of the table to decide it yourself.',
  });
  return nested === undefined ? `(${column} ->> '$')` : undefined;
}

async function casts(connection: Connection, source: string, column: string, type: string): Promise<boolean> {
  try {
    await connection.run(`SELECT count(CAST(${column} AS ${type})) FROM ${source}`);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Conversion Error')) return false;
    throw error;
  }
}
