import { writeFile } from 'node:fs/promises';
import { type Connection, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';

/** A number with the very digits that its source has. */
export class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON whose numbers keep their digits. */
export function parseExactly(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value,
  );
}

/** A cell as text: null is NULL, a list or an object its JSON with sorted names and without names that are null. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Digits) return value.text;
  return typeof value === 'object' ? JSON.stringify(inOrder(value)) : String(value);
}

function inOrder(value: unknown): unknown {
  if (value instanceof Digits) return Number(value.text);
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, entry]) => [name, inOrder(entry)]),
  );
}

/** Makes a table of texts from rows in memory, by way of a file. */
export async function loadTexts(
  connection: Connection,
  table: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
  file: string,
): Promise<void> {
  // By position: DuckDB would take names that differ in case alone for the same.
  const lines = rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map((name, i) => [`c${i}`, cellText(row[name])]))),
  );
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  const types = columns.map((_, i) => `c${i}: 'VARCHAR'`).join(', ');
  const names = columns.map((name, i) => `c${i} AS ${quoteIdentifier(name)}`).join(', ');
  await connection.run(
    `CREATE OR REPLACE TABLE ${quoteIdentifier(table)} AS SELECT ${names} FROM read_json(${quoteLiteral(file)},
       format = 'newline_delimited', columns = {${types}}, maximum_object_size = 100000000)`,
  );
}
