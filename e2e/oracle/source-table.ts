import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import { Digits, loadTexts, parseExactly } from './texts.ts';

/**
 * Reads a source file into a table of texts, each value with the characters that the file has: a reader that knows nothing of
 * the product's. Answers the columns.
 */
export async function readSource(
  connection: Connection,
  table: string,
  file: string,
  scratch: string,
): Promise<readonly string[]> {
  const into = `CREATE OR REPLACE TABLE ${quoteIdentifier(table)} AS SELECT`;
  const path = quoteLiteral(file);
  switch (extname(file)) {
    case '.parquet':
      await connection.run(`${into} CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet(${path})`);
      break;
    case '.csv':
    case '.tsv': {
      const delimiter = extname(file) === '.tsv' ? '\t' : ',';
      await connection.run(
        `${into} * FROM read_csv(${path}, all_varchar = true, header = true, delim = '${delimiter}', quote = '"', escape = '"')`,
      );
      break;
    }
    default: {
      const rows = rowsOf(parseExactly(await readFile(file, 'utf8')));
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      await loadTexts(connection, table, columns, rows, scratch);
    }
  }
  return (await connection.columns(`FROM ${quoteIdentifier(table)}`)).map(({ name }) => name);
}

/** An array of objects is rows; any other document is one row. */
function rowsOf(document: unknown): Record<string, unknown>[] {
  const rows = Array.isArray(document) ? document : [document];
  return rows.map((row: unknown) => {
    if (row === null || typeof row !== 'object' || row instanceof Digits) throw new Error('A row is no object.');
    return { ...row };
  });
}
