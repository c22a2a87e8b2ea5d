import { type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import type { AgnesError } from '@agnes/errors';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { assertKnownColumns, castTo } from './column-types.ts';
import { type Dialect, readCsv, sniffDialect } from './csv-dialect.ts';
import { refuseLostBackslash } from './csv-escapes.ts';
import { type CsvFile, firstPlaces, isOfKind, type PlacedWarning } from './csv-places.ts';
import { invalidFile } from './failures.ts';
import { givenTypeProblem, lossesOf } from './given-types.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';
import { lineOfRecord } from './record-lines.ts';
import { readFacts } from './text-facts.ts';
import { type Guess, guardedCast, guessType, SAMPLE_ROWS, triedCast } from './text-guards.ts';
import { type ChosenType, type ColumnFacts, chooseType, KINDS } from './text-types.ts';

/** DuckDB takes minutes to plan the tests of some thousand columns; reading such a file twice takes seconds. */
const MOST_GUESSED = 200;

/** What the columns of tried casts are called, with a number. */
const TRIED = 'agnes tried ';

/**
 * Reads CSV and TSV. The first rows say what each column is likely to be, and one pass over the files both writes the table
 * and holds every value against that; when one differs, the plan is {@link ReadPlan.otherwise}: every value as text first,
 * which shows the type that holds all of them as written; then with those types. Both give the same table. Columns are
 * matched by name over all files.
 */
export async function planCsv(input: ReadInput, sampleRows = SAMPLE_ROWS): Promise<ReadPlan> {
  const { connection, files, options } = input;
  const format = input.format === 'tsv' ? 'tsv' : 'csv';
  const warnings: ConnectorWarning[] = [];
  const dialects: Dialect[] = [];
  for (const file of files) {
    const skipped = options.skip ?? 0;
    // Empty lines above the first one with something in it are no records, not even in a file of one column.
    const first = await lineOfRecord(file.path, 0, { skip: skipped });
    if (first === undefined) throw nothingIn(file.path, skipped);
    const from = { ...options, skip: first - 1 };
    const dialect = await sniffDialect(connection, file.path, format, from, warnings);
    if (dialect.escape === '\\' && options.escape === undefined) await refuseLostBackslash(file.path, dialect);
    dialects.push({ ...dialect, parallel: input.sequential !== true });
  }
  const text = unionByName(
    files.map((file) => file.path),
    dialects,
  );
  const columns = (await connection.columns(`FROM ${text}`)).map((column) => column.name);
  assertKnownColumns(input.columnTypes, columns);

  const csvFiles = files.flatMap(({ path }, index) => {
    const dialect = dialects[index];
    return dialect === undefined ? [] : [{ path, dialect }];
  });
  const { columnTypes } = input;
  const table: TextTable = { connection, text, columns, files: csvFiles, dialects, columnTypes, warnings };
  const guesses = await guess(table, sampleRows);
  const plan = await planTypes(table, guesses);
  const explain = (): Promise<Error | undefined> => givenTypeProblem(connection, csvFiles, columnTypes);
  if (guesses.size === 0) return { ...plan, explain };
  return { ...plan, explain, otherwise: async () => ({ ...(await planTypes(table, new Map())), explain }) };
}

/** More columns than this with something to say of are said without a place. */
const MOST_PLACES = 100;

async function placed(table: TextTable, warnings: readonly PlacedWarning[]): Promise<ConnectorWarning[]> {
  const looked = warnings.filter(({ onlyIfFound }, index) => onlyIfFound === true || index < MOST_PLACES);
  const places = await firstPlaces(
    table.connection,
    table.files,
    looked.map(({ sought }) => sought),
  );
  const byWarning = new Map(looked.map((warning, index) => [warning, places[index]]));
  return warnings.flatMap((warning) => {
    const { sought: _, onlyIfFound = false, ...said } = warning;
    const place = byWarning.get(warning);
    if (place === undefined) return onlyIfFound ? [] : [said];
    return [{ ...said, message: `${said.message.replace(/\.$/, '')}. The first such value: ${place}.` }];
  });
}

function nothingIn(path: string, skipped: number): AgnesError {
  const where = skipped === 0 ? 'in it' : `below the ${skipped} that the option skip leaves out`;
  return invalidFile(path, `There are only empty lines ${where}, so there are no columns.`, {
    hint: 'Check that its source wrote it whole; a table without rows is a file with a header only.',
  });
}

/** The files as one relation of text columns. */
interface TextTable {
  readonly connection: Connection;
  readonly text: string;
  readonly columns: readonly string[];
  readonly files: readonly CsvFile[];
  readonly dialects: readonly Dialect[];
  readonly columnTypes: Readonly<Record<string, string>>;
  /** About the files, whatever the types are. */
  readonly warnings: readonly ConnectorWarning[];
}

/** What the first rows say of the columns that the registration gives no type. */
async function guess(table: TextTable, sampleRows: number): Promise<Map<string, NonNullable<Guess>>> {
  const { connection, columns, columnTypes } = table;
  const sample = `(FROM ${table.text} LIMIT ${sampleRows})`;
  const facts = await readFacts(
    connection,
    sample,
    columns.filter((column) => columnTypes[column] === undefined),
  );
  const guesses = new Map<string, NonNullable<Guess>>();
  if (columns.length > MOST_GUESSED || columns.some((column) => column.toLowerCase().startsWith(TRIED))) return guesses;
  for (const [column, found] of facts) {
    const guessed = guessType(column, found);
    if (guessed === undefined) continue;
    // The same formats as for all rows: what does not read the sample does not read the file.
    const dated = onlyText(found) && (await formatsOf(connection, sample, column, table.dialects)).length > 0;
    if (!dated) guesses.set(column, guessed);
  }
  return guesses;
}

/** Takes the guesses, and looks at all values of the other columns. */
async function planTypes(table: TextTable, guesses: ReadonlyMap<string, NonNullable<Guess>>): Promise<ReadPlan> {
  const { connection, text, columns, dialects, columnTypes } = table;
  const warnings: PlacedWarning[] = [];
  const facts = await readFacts(
    connection,
    text,
    columns.filter((column) => columnTypes[column] === undefined && !guesses.has(column)),
  );
  const tried: string[] = [];
  const expressions: string[] = [];
  for (const [index, column] of columns.entries()) {
    const name = quoteIdentifier(column);
    const given = columnTypes[column];
    const guessed = guesses.get(column);
    if (given !== undefined) {
      expressions.push(`${castTo(name, given)} AS ${name}`);
      warnings.push(...lossesOf(column, given));
    } else if (guessed === undefined) {
      const found = facts.get(column) ?? { counts: {}, whole: 0, fraction: 0 };
      const dated = onlyText(found) ? await dateExpression(connection, text, column, dialects, warnings) : undefined;
      expressions.push(`${dated ?? typedExpression(column, chooseType(column, found), warnings)} AS ${name}`);
    } else if ('guarded' in guessed) {
      // Cast once, in a SELECT of its own: both the test and the result need it.
      const value = quoteIdentifier(`${TRIED}${index}`);
      tried.push(`${triedCast(name, guessed.guarded)} AS ${value}`);
      expressions.push(`${guardedCast(name, value, guessed.guarded)} AS ${name}`);
    } else expressions.push(name);
  }
  const from = tried.length === 0 ? text : `(SELECT *, ${tried.join(', ')} FROM ${text})`;
  return {
    select: `SELECT ${expressions.join(', ')} FROM ${from}`,
    warnings: [...table.warnings, ...(await placed(table, warnings))],
  };
}

/** All files as one relation of text columns, in the order of the files. */
function unionByName(paths: readonly string[], dialects: readonly Dialect[]): string {
  const groups: { key: string; dialect: Dialect; paths: string[] }[] = [];
  for (const [index, dialect] of dialects.entries()) {
    const path = paths[index] ?? '';
    const key = JSON.stringify({ ...dialect, dateFormat: undefined, timestampFormat: undefined });
    const last = groups.at(-1);
    if (last?.key === key) last.paths.push(path);
    else groups.push({ key, dialect, paths: [path] });
  }
  const selects = groups.map((group) => `SELECT * FROM ${readCsv(group.paths, group.dialect)}`);
  return `(${selects.join(' UNION ALL BY NAME ')})`;
}

function onlyText({ counts }: ColumnFacts): boolean {
  return (counts.text ?? 0) > 0 && KINDS.every((kind) => kind === 'text' || (counts[kind] ?? 0) === 0);
}

function typedExpression(column: string, { type, warning }: ChosenType, warnings: PlacedWarning[]): string {
  if (warning !== undefined) {
    const hint = 'Give the column a type in column_types of the table to decide it yourself.';
    const { code, message, kinds } = warning;
    warnings.push({ code, message, hint, sought: { column, condition: isOfKind(kinds) } });
  }
  const name = quoteIdentifier(column);
  return type === 'VARCHAR' ? name : `CAST(trim(${name}) AS ${type})`;
}

/** A DATE or TIMESTAMP where a format reads all values, and only one way. */
async function dateExpression(
  connection: Connection,
  text: string,
  column: string,
  dialects: readonly Dialect[],
  warnings: PlacedWarning[],
): Promise<string | undefined> {
  const name = quoteIdentifier(column);
  for (const { format, type } of await formatsOf(connection, text, column, dialects)) {
    const other = format.replaceAll('%d', '%\u0000').replaceAll('%m', '%d').replaceAll('%\u0000', '%m');
    if (other === format || !(await readsAll(connection, text, name, other))) {
      return `CAST(strptime(trim(${name}), ${quoteLiteral(format)}) AS ${type})`;
    }
    warnings.push({
      code: 'ambiguous_date',
      message: `Column ${JSON.stringify(column)} has dates that read both as ${format} and as ${other}; it is published as text.`,
      hint: 'Write them as 2024-12-31 where the file is made; as text they stay as they are.',
      sought: { column, condition: () => 'true' },
    });
    return undefined;
  }
  return undefined;
}

/** The sniffer's formats that read all values of a column. */
async function formatsOf(connection: Connection, text: string, column: string, dialects: readonly Dialect[]) {
  const formats: { format: string; type: 'DATE' | 'TIMESTAMP' }[] = [];
  for (const [format, type] of [
    [dialects[0]?.dateFormat, 'DATE'],
    [dialects[0]?.timestampFormat, 'TIMESTAMP'],
  ] as const) {
    if (format !== undefined && (await readsAll(connection, text, quoteIdentifier(column), format))) {
      formats.push({ format, type });
    }
  }
  return formats;
}

async function readsAll(connection: Connection, text: string, name: string, format: string): Promise<boolean> {
  if (/%[yxcZz]/.test(format)) return false;
  const misfit = await connection.first(
    `SELECT 1 FROM ${text} WHERE ${name} IS NOT NULL AND (try_strptime(trim(${name}), ${quoteLiteral(format)}) IS NULL
       OR NOT regexp_full_match(trim(${name}), ${quoteLiteral(spellingOf(format))})) LIMIT 1`,
  );
  return misfit === undefined;
}

const SPELLINGS: Readonly<Record<string, string>> = { Y: '[0-9]{4}', f: '[0-9]{1,6}', '%': '%' };

/** What a text looks like that the format reads as it is written: DuckDB would take 24 for the year 24, and cut digits of %f. */
function spellingOf(format: string): string {
  return format
    .split(/(%-?.)/)
    .map((part, index) =>
      index % 2 === 1
        ? (SPELLINGS[part.slice(-1)] ?? (/[dmHIMSj]/.test(part) ? '[0-9]+' : '.+'))
        : part.replaceAll(/[!-/:-@[-^`{-~]/g, '\\$&').replaceAll(/ +/g, ' +'),
    )
    .join('');
}
