import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Connection, quoteLiteral } from '@agnes/duckdb';
import { messageOf } from '@agnes/errors';
import { invalidFile } from './failures.ts';
import type { SourceFile } from './find-files.ts';
import { jsonArguments } from './json-layout.ts';
import { lineOfRecord } from './record-lines.ts';

/** JSON files and how they are read. */
export interface JsonFiles {
  readonly connection: Connection;
  readonly files: readonly SourceFile[];
  readonly format: string;
}

/** The records of one file, as a relation with the column `json`. */
export function recordsOf(file: SourceFile, format: string): string {
  return `read_json_objects(${jsonArguments([file], format)})`;
}

/** `<file>, line <n>` of a record of NDJSON, which counts from 0; `<file>, record <n>` of other JSON. */
export async function placeOfRecord({ path }: SourceFile, format: string, record: number): Promise<string> {
  const line = format === 'newline_delimited' ? await lineOfRecord(path, record) : undefined;
  return line === undefined ? `${path}, record ${record + 1}` : `${path}, line ${line}`;
}

/** Where the first value of a key is that is of another type than the values before it. */
export async function firstOtherType({ connection, files, format }: JsonFiles, key: string): Promise<string> {
  let before: string | undefined;
  for (const file of files) {
    const types = typesOf(file, format, key);
    before ??= (await connection.first<{ kind: string }>(`SELECT kind FROM ${types} LIMIT 1`))?.kind;
    if (before === undefined) continue;
    const other = await connection.first<{ n: number }>(
      `SELECT n FROM ${types} WHERE kind <> ${quoteLiteral(before)} LIMIT 1`,
    );
    if (other !== undefined) return placeOfRecord(file, format, Number(other.n));
  }
  return `${files[0]?.path}`;
}

/** Where the first value of a key is. */
export async function firstWithValue({ connection, files, format }: JsonFiles, key: string): Promise<string> {
  for (const file of files) {
    const first = await connection.first<{ n: number }>(`SELECT n FROM ${typesOf(file, format, key)} LIMIT 1`);
    if (first !== undefined) return placeOfRecord(file, format, Number(first.n));
  }
  return `${files[0]?.path}`;
}

/** The number of each record that has the key, from 0, and what kind of value is there. */
function typesOf(file: SourceFile, format: string, key: string): string {
  const pointer = quoteLiteral(`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return `(SELECT n, CASE WHEN type IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN 'NUMBER' ELSE type END AS kind FROM (
    SELECT row_number() OVER () - 1 AS n, json_type(json, ${pointer}) AS type FROM ${recordsOf(file, format)})
    WHERE type IS NOT NULL AND type <> 'NULL')`;
}

/** DuckDB counts the lines of NDJSON from another start; the line that cannot be read is the one it says or the one before. */
export async function exactLine(error: unknown, files: readonly SourceFile[]): Promise<unknown> {
  const said = /in file "(.+?)", at byte \d+ in line (\d+): (.*)/.exec(messageOf(error));
  const file = files.find(({ path }) => path === said?.[1]);
  if (said === null || file === undefined || /\.(gz|zst)$/i.test(file.path)) return error;
  const last = Number(said[2]);
  let line = 0;
  for await (const bytes of createInterface({ input: createReadStream(file.path, 'latin1') })) {
    line += 1;
    if (line >= last - 1 && !isJson(Buffer.from(bytes, 'latin1'))) break;
    if (line === last) break;
  }
  return invalidFile(file.path, `The line is no JSON: ${said[3]?.trim() ?? ''}`, {
    line,
    hint: 'Correct the line where the file is made (UTF-8, one object a line), then sync again.',
    cause: error,
  });
}

function isJson(bytes: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.trim() !== '') JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
