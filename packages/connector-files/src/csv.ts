import { type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { assertKnownColumns, castTo } from './column-types.ts';
import { type Dialect, readCsv, sniffDialect } from './csv-dialect.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';
import { readFacts } from './text-facts.ts';
import { type ChosenType, type ColumnFacts, chooseType, KINDS } from './text-types.ts';

/**
 * Reads CSV and TSV: every value as text first, which shows the type that holds all of them as written; then with those
 * types. Columns are matched by name over all files.
 */
export async function planCsv(input: ReadInput): Promise<ReadPlan> {
  const { connection, files, options, columnTypes } = input;
  const format = input.format === 'tsv' ? 'tsv' : 'csv';
  const warnings: ConnectorWarning[] = [];
  const dialects: Dialect[] = [];
  for (const file of files) dialects.push(await sniffDialect(connection, file.path, format, options, warnings));
  const text = unionByName(
    files.map((file) => file.path),
    dialects,
  );
  const columns = (await connection.columns(`FROM ${text}`)).map((column) => column.name);
  assertKnownColumns(columnTypes, columns);

  const facts = await readFacts(
    connection,
    text,
    columns.filter((column) => columnTypes[column] === undefined),
  );
  const expressions: string[] = [];
  for (const column of columns) {
    const name = quoteIdentifier(column);
    const given = columnTypes[column];
    if (given !== undefined) {
      expressions.push(`${castTo(name, given)} AS ${name}`);
      continue;
    }
    const found = facts.get(column) ?? { counts: {}, whole: 0, fraction: 0 };
    const dated = onlyText(found) ? await dateExpression(connection, text, column, dialects, warnings) : undefined;
    expressions.push(`${dated ?? typedExpression(column, chooseType(column, found), warnings)} AS ${name}`);
  }
  return { select: `SELECT ${expressions.join(', ')} FROM ${text}`, warnings };
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

function typedExpression(column: string, { type, warning }: ChosenType, warnings: ConnectorWarning[]): string {
  if (warning !== undefined) {
    const hint = 'Give the column a type in column_types of the table to decide it yourself.';
    warnings.push({ ...warning, hint });
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
  warnings: ConnectorWarning[],
): Promise<string | undefined> {
  const name = quoteIdentifier(column);
  const [dialect] = dialects;
  for (const [format, type] of [
    [dialect?.dateFormat, 'DATE'],
    [dialect?.timestampFormat, 'TIMESTAMP'],
  ] as const) {
    if (format === undefined || !(await readsAll(connection, text, name, format))) continue;
    const other = format.replaceAll('%d', '%\u0000').replaceAll('%m', '%d').replaceAll('%\u0000', '%m');
    if (other === format || !(await readsAll(connection, text, name, other))) {
      return `CAST(strptime(trim(${name}), ${quoteLiteral(format)}) AS ${type})`;
    }
    warnings.push({
      code: 'ambiguous_date',
      message: `Column ${JSON.stringify(column)} has dates that read both as ${format} and as ${other}; it is published as text.`,
      hint: 'Set options.date_format of the table, and its type in column_types.',
    });
    return undefined;
  }
  return undefined;
}

async function readsAll(connection: Connection, text: string, name: string, format: string): Promise<boolean> {
  if (/%[yxcZz]/.test(format)) return false;
  const misfit = await connection.first(
    `SELECT 1 FROM ${text} WHERE ${name} IS NOT NULL AND try_strptime(trim(${name}), ${quoteLiteral(format)}) IS NULL LIMIT 1`,
  );
  return misfit === undefined;
}
