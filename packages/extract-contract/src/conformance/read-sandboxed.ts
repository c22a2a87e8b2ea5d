import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { attachReadOnly, type Connection, enterSandbox, openDatabase, quoteIdentifier } from '@agnes/duckdb';
import { EXTRACT_FILE } from '../tables.ts';

/** The extract of a folder, attached as `extract` to a database that sees this folder and `scratch` and nothing else. */
export async function withExtract<T>(
  sourceDir: string,
  work: (connection: Connection, scratch: string) => Promise<T>,
): Promise<T> {
  const folder = resolve(sourceDir);
  const scratch = await realpath(await mkdtemp(join(tmpdir(), 'agnes-conformance-')));
  try {
    await using database = await openDatabase(':memory:');
    await using connection = await database.connect();
    await attachReadOnly(connection, join(folder, EXTRACT_FILE), 'extract');
    await enterSandbox(connection, { allowedDirectories: [folder, await realpath(folder), scratch] });
    return await work(connection, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A table of the extract, quoted. */
export function inExtract(name: string): string {
  return `extract.main.${quoteIdentifier(name)}`;
}

/** What every table of an extract holds: equal texts mean equal columns and rows, whatever their order. */
export type Content = ReadonlyMap<string, string>;

/** The content of every local table of a folder's extract. Throws when one of them cannot be read. */
export async function readContent(sourceDir: string): Promise<Content> {
  return withExtract(sourceDir, async (connection) => {
    const tables = await connection.rows<{ name: string }>(
      `SELECT DISTINCT table_name AS name FROM extract.main._meta WHERE query_mode IS DISTINCT FROM 'remote' ORDER BY 1`,
    );
    const content = new Map<string, string>();
    for (const { name } of tables) {
      const columns = await connection.columns(`SELECT * FROM ${inExtract(name)}`);
      const total = await connection.first<{ rows: string; hash: string | null }>(
        `SELECT count(*)::VARCHAR AS rows, sum(hash(t)::HUGEINT)::VARCHAR AS hash FROM ${inExtract(name)} AS t`,
      );
      const shape = columns.map((column) => `${column.name} ${column.type}`).join(', ');
      content.set(name, `${total?.rows} rows (${shape}) ${total?.hash}`);
    }
    return content;
  });
}

/** What differs between two contents, as sentences. */
export function differences(expected: Content, found: Content): string[] {
  const wrong: string[] = [];
  for (const [name, content] of expected) {
    const there = found.get(name);
    if (there === undefined) wrong.push(`Table ${name} is gone.`);
    else if (there !== content) wrong.push(`Table ${name} has ${there} and not ${content}.`);
  }
  for (const name of found.keys()) if (!expected.has(name)) wrong.push(`Table ${name} was not there before.`);
  return wrong;
}
