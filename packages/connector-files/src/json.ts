import { type Column, type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import { type AgnesError, isAgnesError } from '@agnes/errors';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { assertKnownColumns, castTo } from './column-types.ts';
import { invalidFile } from './failures.ts';
import type { SourceFile } from './find-files.ts';
import { jsonArguments } from './json-layout.ts';
import { rewriteExactNumbers } from './json-numbers.ts';
import { exactLine, firstOtherType, firstWithValue, type JsonFiles } from './json-places.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';
import { readFacts } from './text-facts.ts';
import { chooseType } from './text-types.ts';

/**
 * Reads JSON (an array of objects, one object, or objects one after another) and NDJSON. Objects become STRUCTs, arrays
 * LISTs, and values of several types JSON. Columns are matched by name over all files.
 */
export async function planJson(input: ReadInput): Promise<ReadPlan> {
  if (input.format === 'ndjson') {
    try {
      return await planLayout(input, 'newline_delimited');
    } catch (error) {
      throw isAgnesError(error) ? error : await exactLine(error, input.files);
    }
  }
  try {
    return await planLayout(input, 'auto');
  } catch (error) {
    if (isAgnesError(error)) throw error;
    // DuckDB takes a file whose first object stands on one line for NDJSON; the next one may span several.
    try {
      return await planLayout(input, 'unstructured');
    } catch (second) {
      // In words of ours it says what is wrong with the data; DuckDB's own words fit the first way of reading better.
      throw isAgnesError(second) ? second : error;
    }
  }
}

async function planLayout(input: ReadInput, format: string): Promise<ReadPlan> {
  const { connection, columnTypes } = input;
  const warnings: ConnectorWarning[] = [];
  const places: JsonFiles = { connection, files: input.files, format };
  const rewritten = await rewriteExactNumbers(connection, input.files, format, input.scratch, warnings);
  const layout =
    rewritten === undefined ? jsonArguments(input.files, format) : jsonArguments([rewritten], 'newline_delimited');
  const detected = `read_json(${layout}, sample_size = -1, union_by_name = true, maximum_depth = -1,
    map_inference_threshold = -1, convert_strings_to_integers = false)`;
  const columns = await connection.columns(`SELECT * FROM ${detected}`);
  await refuseLetterCase(connection, layout, columns, input.files);
  const spelled = columns.map(({ name, type }) => `${quoteLiteral(name)}: ${quoteLiteral(textFirst(type))}`);
  // Records that are no objects come as one column of that name, which is no key.
  const bare = columns.length === 1 && columns[0]?.name === 'json';
  if (bare && columns[0]?.type === 'JSON') await refuseNothing(connection, layout, input.files);
  const source = bare ? detected : `read_json(${layout}, columns = {${spelled.join(', ')}})`;
  const texts = columns.filter((column) => textFirst(column.type) === 'VARCHAR').map((column) => column.name);
  const dated = await temporalTypes(connection, source, texts);
  assertKnownColumns(
    columnTypes,
    columns.map((column) => column.name),
  );
  const replace: string[] = [];
  for (const { name, type } of columns) {
    const column = quoteIdentifier(name);
    const given = columnTypes[name] ?? dated.get(name);
    const expression =
      given === undefined ? await plainer(places, source, name, type, warnings) : castTo(column, given);
    if (expression !== undefined) replace.push(`${expression} AS ${column}`);
  }
  return {
    select: `SELECT * ${replace.length === 0 ? '' : `REPLACE (${replace.join(', ')})`} FROM ${source}`,
    warnings,
  };
}

/** Without a record there is no column either, and a table has at least one. */
async function refuseNothing(connection: Connection, layout: string, files: readonly SourceFile[]): Promise<void> {
  if ((await connection.first(`SELECT 1 FROM read_json_objects(${layout}) LIMIT 1`)) !== undefined) return;
  throw nothing(files);
}

function nothing(files: readonly SourceFile[]): AgnesError {
  return invalidFile(namesOf(files), 'There is no record in it, so there are no columns.', {
    hint: 'Check that its source wrote it whole. CSV and parquet can say what the columns of an empty table are.',
  });
}

function namesOf(files: readonly SourceFile[]): string {
  const [first, ...others] = files;
  return others.length === 0 ? `${first?.path}` : `${first?.path} or one of ${others.length} more files`;
}

/** DuckDB calls the second of two keys that differ only by letter case `<key>_1`, which is then no key of the file. */
async function refuseLetterCase(
  connection: Connection,
  layout: string,
  columns: readonly Column[],
  files: readonly SourceFile[],
): Promise<void> {
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  for (const { name } of columns) {
    const base = /^(.*)_\d+$/s.exec(name)?.[1];
    if (base === undefined || !names.has(base.toLowerCase())) continue;
    const key = await connection.first(
      `SELECT 1 FROM read_json_objects(${layout}) WHERE list_contains(json_keys(json), $1) LIMIT 1`,
      [name],
    );
    if (key !== undefined) continue;
    throw invalidFile(namesOf(files), `The key ${JSON.stringify(base)} occurs in different letter cases.`, {
      hint: 'Names of columns differ by more than letter case; rename one of the keys in the source.',
    });
  }
}

/**
 * The detected type with text in the place of what would change texts: a TIMESTAMP drops the offset of its zone, a UUID its
 * capitals.
 */
function textFirst(type: string): string {
  return type.replaceAll(/\b(TIMESTAMP|DATE|TIME|UUID)(?=[[,)]|$)/g, 'VARCHAR');
}

/** Types for the columns of dates and times that are written in ISO 8601, by column. */
async function temporalTypes(
  connection: Connection,
  source: string,
  columns: readonly string[],
): Promise<Map<string, string>> {
  const types = new Map<string, string>();
  if (columns.length === 0) return types;
  const first = columns.map((column, index) => `any_value(${quoteIdentifier(column)}) AS c${index}`);
  const row = await connection.first<Record<string, string | null>>(`SELECT ${first.join(', ')} FROM ${source}`);
  const likely = columns.filter((_column, index) =>
    /^\s*([0-9]{4}-[0-9]{2}-|[0-9]{2}:)/.test(row?.[`c${index}`] ?? ''),
  );
  const facts = await readFacts(connection, source, likely);
  for (const [column, found] of facts) {
    const { type } = chooseType(column, found);
    if (/^(DATE|TIME)/.test(type)) types.set(column, type);
  }
  return types;
}

/** A plainer expression for a column that DuckDB gives a wider type than its values need, or undefined to leave it. */
async function plainer(
  places: JsonFiles,
  source: string,
  name: string,
  type: string,
  warnings: ConnectorWarning[],
): Promise<string | undefined> {
  const { connection } = places;
  const column = quoteIdentifier(name);
  if (type.includes('HUGEINT')) {
    // Positive and negative numbers in one place are enough for it to say HUGEINT.
    const narrow = type.replaceAll(/\bU?HUGEINT\b/g, 'BIGINT');
    return (await casts(connection, source, column, narrow)) ? castTo(column, narrow) : undefined;
  }
  if (type !== 'JSON') {
    if (!/\bJSON\b/.test(type)) return undefined;
    warnings.push({
      code: 'mixed_types',
      message: `Column ${JSON.stringify(name)} has values of several types inside, which are published as JSON text. The first value: ${await firstWithValue(places, name)}.`,
      hint: 'Give the column a type in column_types of the table to decide it yourself.',
    });
    return undefined;
  }
  const nested = await connection.first(
    `SELECT 1 FROM ${source} WHERE json_type(${column}) IN ('OBJECT', 'ARRAY') LIMIT 1`,
  );
  warnings.push({
    code: 'mixed_types',
    message: `Column ${JSON.stringify(name)} has values of several types; it is published as ${nested === undefined ? 'text' : 'JSON text'}. The first of another type: ${await firstOtherType(places, name)}.`,
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
