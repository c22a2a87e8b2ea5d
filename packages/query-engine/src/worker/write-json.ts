import { type Connection, toJson, type Value } from '@agnes/duckdb';
import type { FromWorker } from '../protocol.ts';

/**
 * At most `limit` rows of a statement as the JSON text of an answer: `columns`, `types`, `rows` (arrays in the order of the
 * columns), `row_count` and `truncated`. Reads no further than it needs, and never holds more than `bytes`.
 */
export async function writeJson(
  connection: Connection,
  sql: string,
  { limit, bytes }: { readonly limit: number; readonly bytes: number },
): Promise<FromWorker> {
  const { columns, chunks } = await connection.streamArrays(sql);
  const names = JSON.stringify(columns.map(({ name }) => name));
  const types = JSON.stringify(columns.map(({ type }) => type));
  const texts: string[] = [];
  let size = names.length + types.length;
  let truncated = false;
  for await (const rows of chunks) {
    for (const row of rows) {
      if (texts.length === limit) {
        truncated = true;
        break;
      }
      const text = rowText(row);
      size += Buffer.byteLength(text) + 1;
      if (size > bytes) return tooLarge(bytes);
      texts.push(text);
    }
    if (truncated) break;
  }
  const json = `{"columns":${names},"types":${types},"rows":[${texts.join(',')}],"row_count":${texts.length},"truncated":${truncated}}`;
  return { type: 'json', json, rows: texts.length, truncated };
}

function rowText(row: readonly Value[]): string {
  return JSON.stringify(row.map(toJson));
}

function tooLarge(bytes: number): FromWorker {
  return {
    type: 'error',
    code: 'result_too_large',
    message: `The rows are more than ${bytes} bytes of JSON, which is all that one answer may hold.`,
    hint: 'Ask for fewer rows or columns, or for the result as a file: format csv, ndjson or parquet.',
    details: { limit_bytes: bytes },
  };
}
