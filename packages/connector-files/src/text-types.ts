import { quoteLiteral } from '@agnes/duckdb';

/**
 * What a text is, from the strictest to the loosest: `int` (up to 15 digits, exact in a DOUBLE), `long` (fits BIGINT),
 * `huge`, `double` (a decimal that a DOUBLE gives back), `decimal` (one that it would round), `nan`, `bool`, `date`,
 * `timestamp`, `instant` (with a zone), `time`, `code` (digits after a zero, which a number would lose), `text`.
 */
export const KINDS = [
  ...(['int', 'long', 'huge', 'double', 'decimal', 'nan', 'bool'] as const),
  ...(['date', 'timestamp', 'instant', 'time', 'code', 'text'] as const),
];
export type Kind = (typeof KINDS)[number];

/** SQL that classifies `text`, an expression for a trimmed text that is not NULL, by {@link KINDS}. */
export function kindSql(text: string): string {
  const is = (pattern: string) => `regexp_full_match(${text}, ${quoteLiteral(pattern)})`;
  const day = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
  // DuckDB takes any two digits, and would shift the instant by them. No place is further than 16 hours from UTC.
  const zone = 'Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?';
  const clock = '[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?';
  // A DOUBLE gives back any 15 digits. Beyond, its own shortest text has to be the one in the file.
  const digits = `length(ltrim(regexp_replace(regexp_replace(${text}, '[eE].*', ''), '[^0-9]', '', 'g'), '0'))`;
  const plain = `regexp_replace(${text}, '\\.?0+$', '')`;
  const shortest = `CAST(TRY_CAST(${text} AS DOUBLE) AS VARCHAR)`;
  // Near the ends of its range a DOUBLE has fewer digits, or none; without any other digit than 0 it is zero as written.
  const value = `abs(TRY_CAST(${text} AS DOUBLE))`;
  const inRange = `(${value} >= 1e-300 OR NOT regexp_matches(${text}, '[1-9]')) AND ${value} < 1e300`;
  const again = `regexp_replace(${shortest}, '\\.0$', '')`;
  return `CASE
    WHEN NOT regexp_matches(${text}, '^([-.0-9]|(?i:true|false|nan|inf))') THEN 'text'
    WHEN ${is('0|-?[1-9][0-9]{0,14}')} THEN 'int'
    WHEN ${is('-?[1-9][0-9]*')} THEN CASE WHEN TRY_CAST(${text} AS BIGINT) IS NULL THEN 'huge' ELSE 'long' END
    WHEN ${is('-?(0|[1-9][0-9]*)?\\.[0-9]+([eE][+-]?[0-9]+)?|-?(0|[1-9][0-9]*)(\\.|\\.?[eE][+-]?[0-9]+)?')} THEN CASE
      WHEN ${inRange} AND (length(${text}) <= 16 OR ${shortest} = ${text}
        OR ${digits} <= 15 OR ${again} = ${plain}) THEN 'double'
      ELSE 'decimal' END
    WHEN ${is(day)} AND TRY_CAST(${text} AS DATE) IS NOT NULL THEN 'date'
    WHEN ${is(`${day}[ T]${clock}`)} AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL THEN 'timestamp'
    WHEN ${is(`${day}[ T]${clock}(${zone})`)} AND TRY_CAST(${text} AS TIMESTAMPTZ) IS NOT NULL
      THEN 'instant'
    WHEN ${is('[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?')} AND TRY_CAST(${text} AS TIME) IS NOT NULL THEN 'time'
    WHEN lower(${text}) IN ('true', 'false') THEN 'bool'
    WHEN lower(${text}) IN ('nan', 'inf', '-inf', 'infinity', '-infinity') THEN 'nan'
    WHEN ${is('0[0-9]+')} THEN 'code'
    ELSE 'text' END`;
}

/** What the values of a column were found to be, over all files. */
export interface ColumnFacts {
  readonly counts: Readonly<Partial<Record<Kind, number>>>;
  /** The most digits before and after the point of plain decimals; null when some have an exponent. */
  readonly whole: number | null;
  readonly fraction: number | null;
}

export interface ChosenType {
  readonly type: string;
  readonly warning?: {
    readonly code: string;
    readonly message: string;
    /** What the values are that it is about, so that the first one can be shown. */
    readonly kinds: readonly Kind[];
  };
}

/** The narrowest type that holds every value of a column as it is written. */
export function chooseType(column: string, facts: ColumnFacts): ChosenType {
  const kinds = KINDS.filter((kind) => (facts.counts[kind] ?? 0) > 0);
  const only = (...allowed: readonly Kind[]) => kinds.length > 0 && kinds.every((kind) => allowed.includes(kind));
  if (only('int', 'long')) return { type: 'BIGINT' };
  if (only('bool')) return { type: 'BOOLEAN' };
  if (only('date')) return { type: 'DATE' };
  if (only('date', 'timestamp')) return { type: 'TIMESTAMP' };
  if (only('instant')) return { type: 'TIMESTAMP WITH TIME ZONE' };
  if (only('time')) return { type: 'TIME' };
  if (only('int', 'double', 'nan') && !only('nan')) return { type: 'DOUBLE' };
  if (only('int', 'long', 'huge', 'double', 'decimal', 'nan') && !only('nan')) return exactNumber(column, facts);
  return { type: 'VARCHAR', ...mixedWarning(column, facts.counts) };
}

function exactNumber(column: string, { counts, whole, fraction }: ColumnFacts): ChosenType {
  const why = `Column ${JSON.stringify(column)} has numbers that neither BIGINT nor DOUBLE can hold exactly`;
  const present = (kind: Kind): boolean => (counts[kind] ?? 0) > 0;
  const large: readonly Kind[] = ['huge', 'decimal'];
  const kinds = large.some(present) ? large : (['long'] as const);
  if (whole !== null && fraction !== null && whole + fraction <= 38 && (counts.nan ?? 0) === 0) {
    const type = `DECIMAL(${Math.max(1, whole + fraction)},${fraction})`;
    return { type, warning: { code: 'exact_decimal', message: `${why}; it is published as ${type}.`, kinds } };
  }
  return { type: 'VARCHAR', warning: { code: 'number_as_text', message: `${why}; it is published as text.`, kinds } };
}

const NUMBERS: readonly Kind[] = ['int', 'long', 'huge', 'double', 'decimal', 'nan'];
const TIMES: readonly Kind[] = ['date', 'timestamp', 'instant'];

/** Text columns are often numbers here and there; a warning is due when nearly all values are of another kind. */
function mixedWarning(column: string, counts: ColumnFacts['counts']): Pick<ChosenType, 'warning'> {
  // Codes such as postal codes are what text columns are for.
  if ((counts.code ?? 0) > 0) return {};
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const count = (kinds: readonly Kind[]) => kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
  const alike = count(NUMBERS) >= count(TIMES) ? NUMBERS : TIMES;
  const [most, what] = [count(alike), alike === NUMBERS ? 'numbers' : 'dates'];
  if (most === total || most < total * 0.8) return {};
  return {
    warning: {
      code: 'mixed_types',
      message: `Column ${JSON.stringify(column)}: ${total - most} of ${total} values are no ${what}; it is published as text.`,
      kinds: KINDS.filter((kind) => !alike.includes(kind)),
    },
  };
}
