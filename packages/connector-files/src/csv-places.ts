import { type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import type { ConnectorWarning } from '@agnes/extract-contract';
import { type Dialect, readCsv } from './csv-dialect.ts';
import { lineOfRecord } from './record-lines.ts';
import { type Kind, kindSql } from './text-types.ts';

/** A CSV file and how it is written. */
export interface CsvFile {
  readonly path: string;
  readonly dialect: Dialect;
}

/** Which values of a column are looked for: SQL over the trimmed text, which is not NULL. */
export interface Sought {
  readonly column: string;
  readonly condition: (text: string) => string;
}

/** A warning about some values of a column, whose first one is to be shown. */
export interface PlacedWarning extends ConnectorWarning {
  readonly sought: Sought;
  /** Whether it is due only when there is such a value. */
  readonly onlyIfFound?: boolean;
}

/** More than this many at a time would make a statement that takes long to plan. */
const AT_A_TIME = 50;

/** Where the first value of each is, as `<file>, line <n>`; in the order of `sought`. */
export async function firstPlaces(
  connection: Connection,
  files: readonly CsvFile[],
  sought: readonly Sought[],
): Promise<(string | undefined)[]> {
  const places: (string | undefined)[] = sought.map(() => undefined);
  for (const file of files) {
    const open = sought
      .map((each, index) => ({ ...each, index }))
      .filter(({ column, index }) => places[index] === undefined && file.dialect.columns.includes(column));
    for (let from = 0; from < open.length; from += AT_A_TIME) {
      const some = open.slice(from, from + AT_A_TIME);
      const records = await firstRecords(connection, file, some);
      for (const [position, { index }] of some.entries()) {
        const record = records[position];
        if (record !== undefined) places[index] = await placeOf(file, record);
      }
    }
  }
  return places;
}

/** SQL for {@link Sought}: the value is of one of these kinds. */
export function isOfKind(kinds: readonly Kind[]): Sought['condition'] {
  return (text) => `${kindSql(text)} IN (${kinds.map(quoteLiteral).join(', ')})`;
}

/** `<file>, line <n>` of a record of the file; 0 is the first one below the header. */
export async function placeOf({ path, dialect }: CsvFile, record: number): Promise<string> {
  const line = await lineOf({ path, dialect }, record + (dialect.header ? 1 : 0));
  return line === undefined ? path : `${path}, line ${line}`;
}

function lineOf({ path, dialect }: CsvFile, record: number): Promise<number | undefined> {
  const { quote, skip, columns } = dialect;
  return lineOfRecord(path, record, { quote, escapedBy: dialect.escape, skip, blank: columns.length === 1 });
}

async function firstRecords(
  connection: Connection,
  { path, dialect }: CsvFile,
  sought: readonly Sought[],
): Promise<(number | undefined)[]> {
  const wanted = sought.map(({ column, condition }, index) => {
    const text = `trim(${quoteIdentifier(column)})`;
    return `min("agnes row") FILTER (${quoteIdentifier(column)} IS NOT NULL AND (${condition(text)})) AS f${index}`;
  });
  const columns = [...new Set(sought.map(({ column }) => column))].map((column) => `t.${quoteIdentifier(column)}`);
  const row = await connection.first<Record<string, number | null>>(
    `SELECT ${wanted.join(', ')} FROM (
       SELECT row_number() OVER () - 1 AS "agnes row", ${columns.join(', ')} FROM ${readCsv([path], dialect)} AS t)`,
  );
  return sought.map((_, index) => row?.[`f${index}`] ?? undefined);
}
