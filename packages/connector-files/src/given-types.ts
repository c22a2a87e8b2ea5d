import { type Connection, quoteLiteral } from '@agnes/duckdb';
import { type CsvFile, firstPlaces, type PlacedWarning } from './csv-places.ts';
import { invalidFile } from './failures.ts';

/** Which texts a type from the registration would not keep as they are, with the warnings that are due then. */
export function lossesOf(column: string, type: string): PlacedWarning[] {
  return [lossOf(column, type), misreadOf(column, type)].filter((warning) => warning !== undefined);
}

/** DuckDB takes the year 24 for what it says, and shifts by any zone of two digits. */
function misreadOf(column: string, type: string): PlacedWarning | undefined {
  if (!/^(DATE|TIMESTAMP|DATETIME)/.test(type.trim().toUpperCase())) return undefined;
  const zone = ':[0-9]{2}(\\.[0-9]+)? ?[+-](1[6-9]|[2-9][0-9]|[0-9]{2}:?[6-9])';
  return {
    code: 'misread',
    message: `Column ${JSON.stringify(column)} has values with a year of fewer than four digits, or with a zone that does not exist, and ${type}, which column_types asks for, takes them as they are written.`,
    hint: 'Write them as 2024-12-31 or 2024-12-31T10:00:00+02:00 where the file is made, or give the column the type VARCHAR.',
    sought: {
      column,
      condition: (text) =>
        `regexp_matches(${text}, '^[0-9]{1,3}[-/ ]') OR regexp_matches(${text}, ${quoteLiteral(zone)})`,
    },
    onlyIfFound: true,
  };
}

/** Digits after the point, or the time of a day. */
function lossOf(column: string, type: string): PlacedWarning | undefined {
  const lost = lostSql(type);
  if (lost === undefined) return undefined;
  return {
    code: 'rounded',
    message: `Column ${JSON.stringify(column)} has values that ${type}, which column_types asks for, does not hold in full; they are cut or rounded.`,
    hint: 'Give the column a type in column_types that holds them, such as a DECIMAL of more digits or TIMESTAMP.',
    sought: { column, condition: lost },
    onlyIfFound: true,
  };
}

function lostSql(type: string): ((text: string) => string) | undefined {
  const name = type.trim().toUpperCase();
  if (name === 'DATE') return (text) => `regexp_matches(${text}, ':[0-9]*[1-9]|[T ]0*[1-9][0-9]*:')`;
  const scale = /^(?:DECIMAL|NUMERIC)(?:\(\s*\d+\s*(?:,\s*(\d+)\s*)?\))?$/.exec(name);
  const whole = /^U?(?:TINYINT|SMALLINT|INTEGER|INT|BIGINT|HUGEINT)$/.test(name);
  if (scale === null && !whole) return undefined;
  // DECIMAL alone is DECIMAL(18,3).
  const digits = whole ? 0 : Number(scale?.[1] ?? (/\(/.test(name) ? 0 : 3));
  return (text) =>
    `regexp_full_match(${text}, '[-+]?[0-9]*\\.[0-9]+') AND length(rtrim(split_part(${text}, '.', 2), '0')) > ${digits}`;
}

/** The first value that a type from the registration does not take, in words; undefined when all of them fit. */
export async function givenTypeProblem(
  connection: Connection,
  files: readonly CsvFile[],
  columnTypes: Readonly<Record<string, string>>,
): Promise<Error | undefined> {
  const given = Object.entries(columnTypes);
  const places = await firstPlaces(
    connection,
    files,
    given.map(([column, type]) => ({ column, condition: (text) => `TRY_CAST(${text} AS ${type}) IS NULL` })),
  );
  for (const [index, [column, type]] of given.entries()) {
    const place = places[index];
    if (place === undefined) continue;
    return invalidFile(
      place,
      `The value of column ${JSON.stringify(column)} is no ${type}, which column_types asks for.`,
      {
        hint: 'Correct the value where the file is made, or give the column another type in column_types.',
      },
    );
  }
  return undefined;
}
