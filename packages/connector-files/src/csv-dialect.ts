import { type Connection, quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import type { ConnectorWarning } from '@agnes/extract-contract';
import type { TableOptions } from './config.ts';
import { lineOfRecord } from './record-lines.ts';

/** How one CSV file is written. */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  readonly skip: number;
  readonly nullValues: readonly string[];
  readonly encoding: string;
  /** Whether several threads may read one file. */
  readonly parallel: boolean;
  readonly columns: readonly string[];
  /** Formats that the sniffer found for dates that are not ISO 8601. */
  readonly dateFormat: string | undefined;
  readonly timestampFormat: string | undefined;
}

interface Sniffed {
  readonly Delimiter: string;
  readonly Quote: string;
  readonly Escape: string;
  readonly HasHeader: boolean;
  readonly Columns: readonly { readonly name: string; readonly type: string }[];
  readonly DateFormat: string | null;
  readonly TimestampFormat: string | null;
}

/** Also the buffer that files are read by: DuckDB would take 16 of them at once. */
const LONGEST_LINE = 32 * 1024 * 1024;

/**
 * The dialect of a file: what the options say, and what DuckDB's sniffer finds for the rest. It never skips lines that it
 * does not understand: where it would, the file is read by the rules of its extension, and a bad line is an error.
 */
export async function sniffDialect(
  connection: Connection,
  file: string,
  format: 'csv' | 'tsv',
  options: TableOptions,
  warnings: ConnectorWarning[],
): Promise<Dialect> {
  const usual = options.delimiter ?? (format === 'tsv' ? '\t' : ',');
  let given = format === 'tsv' ? { ...options, delimiter: usual } : options;
  const quote = options.quote ?? '"';
  const wide = await wideLine(connection, file, given);
  if (wide !== undefined) given = { ...given, ...wide };
  let sniffed = wide === undefined ? await trySniff(connection, file, given) : undefined;
  // A sniffer that may choose takes apostrophes that are part of the values for quotes. Without a choice it takes more memory.
  if (sniffed?.Quote === "'") sniffed = await trySniff(connection, file, { ...given, quote });
  // A file with a broken line is often taken for one of a single column with another delimiter.
  if (sniffed === undefined || (sniffed.Columns.length === 1 && sniffed.Columns[0]?.name.includes(usual) === true)) {
    sniffed = await byTheRules(connection, file, wide?.delimiter ?? usual, given);
  }
  const dialect: Dialect = {
    delimiter: given.delimiter ?? textOf(sniffed.Delimiter),
    quote,
    escape: options.escape ?? (sniffed.Escape === '\\' ? '\\' : quote),
    header: given.header ?? sniffed.HasHeader,
    skip: options.skip ?? 0,
    nullValues: options.null_values ?? [],
    encoding: options.encoding ?? 'utf-8',
    parallel: true,
    columns: sniffed.Columns.map((column) => column.name),
    dateFormat: options.date_format ?? sniffed.DateFormat ?? undefined,
    timestampFormat: options.timestamp_format ?? sniffed.TimestampFormat ?? undefined,
  };
  if (dialect.header) await warnOfRenamed(connection, file, dialect, warnings);
  else if (options.header === undefined) await warnOfNoHeader(file, dialect, warnings);
  if (dialect.columns.length === 1 && given.delimiter === undefined) {
    await warnOfTitle(connection, file, dialect, warnings);
  }
  return dialect;
}

/** `read_csv(…)` over files of one dialect, every column as text. */
export function readCsv(files: readonly string[], dialect: Dialect, extra = ''): string {
  const columns = dialect.columns.map((name) => `${quoteLiteral(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${quoteLiteralList(files)}, auto_detect = false, ${layoutOf(dialect)}, columns = {${columns}}${extra})`;
}

function layoutOf(dialect: Omit<Dialect, 'columns' | 'dateFormat' | 'timestampFormat'>): string {
  return [
    `delim = ${quoteLiteral(dialect.delimiter)}`,
    `quote = ${quoteLiteral(dialect.quote)}`,
    `escape = ${quoteLiteral(dialect.escape)}`,
    `header = ${dialect.header}`,
    `skip = ${dialect.skip}`,
    `nullstr = ${quoteLiteralList(['', ...dialect.nullValues])}`,
    `encoding = ${quoteLiteral(dialect.encoding)}`,
    `max_line_size = ${LONGEST_LINE}`,
    `buffer_size = ${LONGEST_LINE}`,
    ...(dialect.parallel ? [] : ['parallel = false']),
    'strict_mode = true',
    'null_padding = false',
    'ignore_errors = false',
  ].join(', ');
}

async function trySniff(connection: Connection, file: string, options: TableOptions): Promise<Sniffed | undefined> {
  const settings = [
    `skip = ${options.skip ?? 0}`,
    `max_line_size = ${LONGEST_LINE}`,
    `buffer_size = ${LONGEST_LINE}`,
    `encoding = ${quoteLiteral(options.encoding ?? 'utf-8')}`,
    ...(options.delimiter === undefined ? [] : [`delim = ${quoteLiteral(options.delimiter)}`]),
    ...(options.quote === undefined ? [] : [`quote = ${quoteLiteral(options.quote)}`]),
    ...(options.escape === undefined ? [] : [`escape = ${quoteLiteral(options.escape)}`]),
    ...(options.header === undefined ? [] : [`header = ${options.header}`]),
  ];
  try {
    return await connection.first<Sniffed>(`FROM sniff_csv(${quoteLiteral(file)}, ${settings.join(', ')})`);
  } catch (error) {
    if (error instanceof Error && error.message.includes('sniffing')) return undefined;
    throw error;
  }
}

/** Of so many columns the sniffer keeps a sample for each dialect that it tries, which takes gigabytes. */
const WIDE = 1000;

/** Delimiter and header of a file of very many columns; undefined for another. Numbers are no names. */
async function wideLine(
  connection: Connection,
  file: string,
  options: TableOptions,
): Promise<{ readonly delimiter: string; readonly header: boolean } | undefined> {
  const [line = ''] = await firstLines(connection, file, 1, options);
  const delimiters = options.delimiter === undefined ? [',', ';', '\t', '|'] : [options.delimiter];
  const delimiter = delimiters.find((one) => line.split(one).length > WIDE);
  if (delimiter === undefined) return undefined;
  const isName = (text: string): boolean => text.trim() === '' || Number.isNaN(Number(text));
  const names = splitLine(line, delimiter, options.quote ?? '"');
  return { delimiter, header: options.header ?? names.every(isName) };
}

/** RFC 4180 with the columns of the first line: reading such a file then tells the line that is wrong. */
async function byTheRules(
  connection: Connection,
  file: string,
  delimiter: string,
  options: TableOptions,
): Promise<Sniffed> {
  const [line = ''] = await firstLines(connection, file, 1, options);
  const header = options.header ?? true;
  const names = splitLine(line, delimiter, options.quote ?? '"');
  return {
    Delimiter: delimiter,
    Quote: '"',
    Escape: '"',
    HasHeader: header,
    Columns: distinctNames(header ? names : names.map(() => '')).map((name) => ({ name, type: 'VARCHAR' })),
    DateFormat: null,
    TimestampFormat: null,
  };
}

/** The first lines, whatever they hold. */
async function firstLines(
  connection: Connection,
  file: string,
  count: number,
  { skip = 0, encoding = 'utf-8' }: { readonly skip?: number | undefined; readonly encoding?: string | undefined },
): Promise<string[]> {
  const rows = await connection.rows<{ line: string | null }>(
    `FROM read_csv(${quoteLiteral(file)}, auto_detect = false, delim = '\u0001', quote = '', escape = '', header = false,
      skip = ${skip}, strict_mode = false, max_line_size = ${LONGEST_LINE}, buffer_size = ${LONGEST_LINE}, columns = {line: 'VARCHAR'},
      encoding = ${quoteLiteral(encoding)}) LIMIT ${count}`,
  );
  return rows.map(({ line }) => line ?? '');
}

/** The values of one line. */
function splitLine(line: string, delimiter: string, quote: string): string[] {
  const values: string[] = [];
  let value = '';
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    if (line[index] === quote) quoted = !quoted;
    else if (!quoted && line.startsWith(delimiter, index)) {
      values.push(value);
      value = '';
      index += delimiter.length - 1;
    } else value += line[index];
  }
  return [...values, value];
}

/** Names as DuckDB's sniffer makes them: `column3` for an empty one, `_1` after a repeated one. */
function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((given, index) => {
    const base = given === '' ? `column${index}` : given;
    let name = base;
    for (let number = 1; taken.has(name.toLowerCase()); number += 1) name = `${base}_${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

async function warnOfRenamed(
  connection: Connection,
  file: string,
  dialect: Dialect,
  warnings: ConnectorWarning[],
): Promise<void> {
  const raw = { ...dialect, header: false, nullValues: [] };
  const first = await connection.first<Record<string, string | null>>(`FROM ${readCsv([file], raw)} LIMIT 1`);
  const names = Object.values(first ?? {});
  const place = await placeOfHeader(file, dialect);
  for (const [index, column] of dialect.columns.entries()) {
    const name = names[index];
    if (name === column || name === undefined) continue;
    warnings.push({
      code: 'column_renamed',
      message: `${place}: column ${index + 1} is called ${JSON.stringify(name ?? '')} there and ${JSON.stringify(column)} here.`,
      hint: 'Names have to be present and different, letter case aside. Correct the header to choose them yourself.',
    });
  }
}

/** Names that nobody wrote are not what a person looks for. */
async function warnOfNoHeader(file: string, dialect: Dialect, warnings: ConnectorWarning[]): Promise<void> {
  const [first] = dialect.columns;
  warnings.push({
    code: 'no_header',
    message: `${await placeOfHeader(file, dialect)}: there is no header, so the columns are called ${first} and so on.`,
    hint: 'Write the names of the columns into the first line.',
  });
}

/** Lines that are looked at to tell a title from a header. */
const TITLED_LINES = 100;

/** Above a table there may be a title: then all its lines have the same number of values, and the first line has fewer. */
async function warnOfTitle(
  connection: Connection,
  file: string,
  dialect: Dialect,
  warnings: ConnectorWarning[],
): Promise<void> {
  const [first = '', ...below] = (await firstLines(connection, file, TITLED_LINES, dialect)).filter(
    (line) => line.trim() !== '',
  );
  for (const delimiter of [',', ';', '\t', '|']) {
    const widths = new Set(below.map((line) => splitLine(line, delimiter, dialect.quote).length));
    const [width = 1] = widths;
    if (widths.size !== 1 || width <= splitLine(first, delimiter, dialect.quote).length) continue;
    warnings.push({
      code: 'one_column',
      message: `${await placeOfHeader(file, dialect)}: the lines below this one have ${width} values each, with ${JSON.stringify(delimiter)} between them, and this one has fewer; the file is published as one column of whole lines.`,
      hint: `If it is a title, give the table the option {"skip": ${dialect.skip + 1}}; if the column is one, {"delimiter": ${JSON.stringify(delimiter === ',' ? ';' : ',')}}.`,
    });
    return;
  }
}

async function placeOfHeader(file: string, { quote, escape: escapedBy, skip, columns }: Dialect): Promise<string> {
  return `${file}, line ${(await lineOfRecord(file, 0, { quote, escapedBy, skip, blank: columns.length === 1 })) ?? 1}`;
}

/** The sniffer writes "(empty)" for none. */
function textOf(text: string): string {
  return text === '(empty)' ? '' : text;
}
