import { quoteIdentifier, quoteLiteral } from '@agnes/duckdb';

export interface Column {
  readonly name: string;
  /** As published. */
  readonly type: string;
}

export const isNested = ({ type }: Column): boolean => /[[(]|^MAP|^STRUCT|^JSON/.test(type) && !/^DECIMAL/.test(type);
const isNumber = ({ type }: Column): boolean => /INT|^DOUBLE|^FLOAT|^DECIMAL/.test(type);

/**
 * SQL of a column's text, the same for a value as published and for the characters in the source: `12.50` and DOUBLE 12.5 are
 * `12.5`, `1.5e-05` is `0.000015`, `2012-01-01T00:00` is `2012-01-01 00:00:00`. No digit is dropped. Other text stays as it is.
 */
export function canonical(column: Column): string {
  const text = `CAST(${quoteIdentifier(column.name)} AS VARCHAR)`;
  if (isNested(column)) return text;
  if (isNumber(column)) return numberText(text);
  if (column.type === 'BOOLEAN') return `lower(${text})`;
  if (!column.type.startsWith('TIMESTAMP')) return text;
  const spaced = `replace(${text}, 'T', ' ')`;
  return `CASE length(${spaced}) WHEN 10 THEN ${spaced} || ' 00:00:00' WHEN 16 THEN ${spaced} || ':00' ELSE ${spaced} END`;
}

function numberText(text: string): string {
  const plain = `CASE WHEN contains(lower(${text}), 'e')
    THEN coalesce(CAST(TRY_CAST(${text} AS DECIMAL(38, 25)) AS VARCHAR), ${text}) ELSE ${text} END`;
  const short = `CASE WHEN contains(${plain}, '.') THEN rtrim(rtrim(${plain}, '0'), '.') ELSE ${plain} END`;
  return `regexp_replace(regexp_replace(${short}, '^(-?)0+([0-9])', '\\1\\2'), '^(-?)(\\.|$)', '\\10\\2')`;
}

/**
 * SQL of what is asked of a table: its rows, for each column how many values it has and a checksum over their texts, and the
 * rows and a checksum in groups by each of `groups`. Nested columns are compared row by row instead.
 */
export function questions(relation: string, columns: readonly Column[], groups: readonly Column[]): string {
  const flat = columns.filter((column) => !isNested(column));
  const last = flat.at(-1);
  const parts = [
    `SELECT 'rows' AS question, '' AS item, CAST(count(*) AS VARCHAR) AS answer FROM ${relation}`,
    ...flat.map(
      (column) => `SELECT 'checksum', ${quoteLiteral(column.name)}, ${CHECKSUM} FROM ${counted(relation, column)}`,
    ),
    ...(last === undefined ? [] : groups).map(
      (group) =>
        `SELECT ${quoteLiteral(`group by ${group.name}`)}, item, ${CHECKSUM}
         FROM ${counted(relation, last ?? group, group)} GROUP BY item`,
    ),
  ];
  return `SELECT * FROM (${parts.join('\nUNION ALL\n')}) ORDER BY ALL`;
}

const CHECKSUM = `concat(sum(many), ' rows, ', coalesce(sum(many) FILTER (WHERE value IS NOT NULL), 0), ' values, ',
  coalesce(sum(many * (CAST(hash(value) AS HUGEINT) % 1000000007)), 0))`;

/** Each value once, with its text and how many rows have it: a text is made once a value, not once a row. */
function counted(relation: string, column: Column, group: Column = column): string {
  const names = [...new Set([group, column].map(({ name }) => quoteIdentifier(name)))].join(', ');
  return `(SELECT ${canonical(column)} AS value, coalesce(${canonical(group)}, 'NULL') AS item, many
    FROM (SELECT ${names}, count(*) AS many FROM ${relation} GROUP BY ${names}))`;
}
