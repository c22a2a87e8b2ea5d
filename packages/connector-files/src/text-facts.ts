import { type Connection, quoteIdentifier } from '@agnes/duckdb';
import { type ColumnFacts, type Kind, kindSql } from './text-types.ts';

/** What the text columns of a relation hold, in one pass. The columns are stacked, so that the statement does not grow with their number. */
export async function readFacts(
  connection: Connection,
  text: string,
  columns: readonly string[],
): Promise<Map<string, ColumnFacts>> {
  const facts = new Map<string, ColumnFacts>();
  if (columns.length === 0) return facts;
  const values = columns.map((column) => `trim(${quoteIdentifier(column)})`).join(', ');
  const rows = await connection.rows<{
    i: number;
    kind: Kind;
    n: number;
    whole: number;
    fraction: number;
    odd: boolean;
  }>(
    `SELECT i, kind, count(*) AS n, coalesce(max(length(ltrim(split_part(v, '.', 1), '-'))), 0) AS whole,
       coalesce(max(length(split_part(v, '.', 2))), 0) AS fraction, bool_or(contains(lower(v), 'e')) AS odd
     FROM (SELECT i, v, ${kindSql('v')} AS kind
           FROM (SELECT unnest([${values}]) AS v, unnest(range(${columns.length})) AS i FROM ${text})
           WHERE v IS NOT NULL)
     GROUP BY ALL`,
  );
  for (const [index, column] of columns.entries()) {
    const found = rows.filter((row) => row.i === index);
    const plain = found.every((row) => !row.odd);
    facts.set(column, {
      counts: Object.fromEntries(found.map((row) => [row.kind, row.n])),
      whole: plain ? Math.max(0, ...found.map((row) => row.whole)) : null,
      fraction: plain ? Math.max(0, ...found.map((row) => row.fraction)) : null,
    });
  }
  return facts;
}
