import { realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { attachReadOnly, type Connection, enterSandbox, openDatabase, quoteIdentifier } from '@agnes/duckdb';
import { hasErrorCode } from '@agnes/durable-files';
import { isAgnesError, messageOf } from '@agnes/errors';
import type { ExtractProblem, ExtractTable } from './extract-rows.ts';
import { readExtract } from './reader.ts';
import { EXTRACT_FILE } from './tables.ts';

/**
 * Everything that would keep an extract, or one of its tables, from being published; empty when all is well. Each local
 * table is looked at as the publisher will: from a sandbox that sees the source's folder and nothing else.
 */
export async function validateExtract(sourceDir: string): Promise<ExtractProblem[]> {
  const folder = resolve(sourceDir);
  try {
    const { tables, problems } = await readExtract(folder);
    const found = [...problems];
    await using database = await openDatabase(':memory:');
    await using connection = await database.connect();
    await attachReadOnly(connection, join(folder, EXTRACT_FILE), 'extract');
    await enterSandbox(connection, { allowedDirectories: [...new Set([folder, await realpath(folder)])] });
    for (const table of tables) {
      if (table.query_mode === 'remote') continue;
      const problem = (await problemOfParts(folder, table)) ?? (await problemOfObject(connection, table));
      if (problem !== undefined) found.push(problem);
    }
    return found;
  } catch (error) {
    if (!isAgnesError(error)) throw error;
    return [{ code: error.code, message: error.message, hint: error.hint ?? 'Extract the source again.' }];
  }
}

async function problemOfParts(folder: string, table: ExtractTable): Promise<ExtractProblem | undefined> {
  for (const part of table.parts) {
    const wrong = await wrongWith(folder, part.path, part.size_bytes);
    if (wrong === undefined) continue;
    return {
      code: 'extract_invalid',
      table: table.table_name,
      message: `The part ${part.path} of table ${table.table_name} ${wrong}.`,
      hint: 'Write the table again; a part never changes after its commit and lies in the folder of its source.',
    };
  }
  return undefined;
}

async function wrongWith(folder: string, path: string, size: number | null): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    if (!real.startsWith((await realpath(folder)) + sep)) return 'lies outside the folder of its source';
    const info = await stat(real);
    if (!info.isFile()) return 'is no regular file';
    return size !== null && info.size !== size
      ? `has ${info.size} bytes and not the ${size} it was written with`
      : undefined;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return 'is not there';
    throw error;
  }
}

async function problemOfObject(connection: Connection, table: ExtractTable): Promise<ExtractProblem | undefined> {
  try {
    await connection.rows(`SELECT * FROM extract.main.${quoteIdentifier(table.table_name)} LIMIT 1`);
    return undefined;
  } catch (error) {
    const outside = error instanceof Error && error.message.startsWith('Permission Error');
    return {
      code: outside ? 'publish_refused' : 'extract_invalid',
      table: table.table_name,
      message: `Table ${table.table_name} cannot be read: ${messageOf(error).split('\n')[0]}`,
      hint: outside
        ? 'A view may read files of its own source only.'
        : 'Run the view yourself from another folder: its paths have to be absolute and its files there.',
    };
  }
}
