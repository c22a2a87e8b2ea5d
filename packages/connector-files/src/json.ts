import { quoteIdentifier } from '@agnes/duckdb';
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
  warnOfMixed(columns, columnTypes, warnings);
  const replace = Object.entries(columnTypes).map(
    ([column, type]) => `${castTo(quoteIdentifier(column), type)} AS ${quoteIdentifier(column)}`,
  );
  return {
    select: `SELECT * ${replace.length === 0 ? '' : `REPLACE (${replace.join(', ')})`} FROM ${source}`,
    warnings,
  };
}

function readJson(files: readonly SourceFile[], format: string): string {
  return `read_json(${jsonArguments(files, format)}, sample_size = -1, union_by_name = true, maximum_depth = -1,
    map_inference_threshold = -1, convert_strings_to_integers = false)`;
}

function warnOfMixed(
  columns: readonly { name: string; type: string }[],
  given: Readonly<Record<string, string>>,
  warnings: ConnectorWarning[],
): void {
  for (const column of columns) {
    if (column.type !== 'JSON' || given[column.name] !== undefined) continue;
    warnings.push({
      code: 'mixed_types',
      message: `Column ${JSON.stringify(column.name)} has values of several types; it is published as JSON text.`,
      hint: 'Give the column a type in column_types of the table to decide it yourself.',
    });
  }
}
