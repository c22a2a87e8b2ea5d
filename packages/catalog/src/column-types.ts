import { openDatabase } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';

/**
 * Checks types that columns are to be read as, by asking DuckDB: `DECIMAL(18,2)`, `TIMESTAMP WITH TIME ZONE`,
 * `VARCHAR[]`, `STRUCT(a INTEGER, b VARCHAR)`. Throws `invalid_request` and names the column.
 */
export async function checkColumnTypes(types: Readonly<Record<string, string>>): Promise<void> {
  const seen = new Set<string>();
  for (const [column, type] of Object.entries(types)) {
    if (!isColumnName(column)) throw invalid(column, type, 'a column has 1 to 200 printable characters');
    if (seen.has(column.toLowerCase())) throw invalid(column, type, 'the column is named twice');
    seen.add(column.toLowerCase());
    if (!isTypeText(type)) throw invalid(column, type, 'that is no type');
  }
  if (seen.size === 0) return;
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const known = new Set<string>();
  for (const [column, type] of Object.entries(types)) {
    if (known.has(type)) continue;
    try {
      await connection.rows(`SELECT CAST(NULL AS ${type})`);
      known.add(type);
    } catch (error) {
      throw invalid(column, type, 'DuckDB does not know it', error);
    }
  }
}

export function isColumnName(name: string): boolean {
  return name.length > 0 && name.length <= 200 && !/\p{Cc}/u.test(name);
}

/** Letters, digits, underscores and balanced brackets: nothing that could end the cast it is put into. */
function isTypeText(type: string): boolean {
  if (type.length > 500 || !/^[A-Za-z][A-Za-z0-9_ ,()[\]]*$/.test(type)) return false;
  const open: string[] = [];
  for (const char of type) {
    if (char === '(' || char === '[') open.push(char);
    if (char === ')' && open.pop() !== '(') return false;
    if (char === ']' && open.pop() !== '[') return false;
  }
  return open.length === 0;
}

function invalid(column: string, type: string, why: string, cause?: unknown): AgnesError {
  const shown = type.length > 80 ? `${type.slice(0, 80)}…` : type;
  return new AgnesError('invalid_request', `column_types: column '${column}' cannot be a '${shown}': ${why}.`, {
    hint: 'Use a DuckDB type, for example VARCHAR, BIGINT, DOUBLE, DECIMAL(18,2), DATE, TIMESTAMP or BOOLEAN.',
    details: { field: 'column_types', column },
    cause,
  });
}
