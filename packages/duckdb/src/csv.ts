import type { Connection } from './connection.ts';
import { quoteLiteral } from './quote.ts';

/**
 * Writes the rows of a SELECT (without a trailing semicolon) to one CSV file with a header: RFC 4180, values as DuckDB writes
 * them as text, NULL as an empty field and an empty text as `""`. The file itself is written, none beside it. Returns the
 * number of rows.
 */
export function copyToCsv(connection: Connection, selectSql: string, path: string): Promise<number> {
  return connection.run(`COPY (${selectSql}\n) TO ${quoteLiteral(path)} (FORMAT csv, HEADER true, USE_TMP_FILE false)`);
}
