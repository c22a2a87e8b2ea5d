import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, openDatabase, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import { META_DDL } from '@agnes/extract-contract';

/** A table to write into an extract: `parts` files that together hold about `bytes` of what no codec makes smaller. */
export interface TableToMake {
  readonly name: string;
  readonly bytes: number;
  readonly parts: number;
}

/** Writes `extracts/<source>/` as a connector leaves it. Returns its folder. */
export async function writeExtract(dataDir: string, source: string, tables: readonly TableToMake[]): Promise<string> {
  const folder = join(dataDir, 'extracts', source);
  await mkdir(join(folder, 'data'), { recursive: true });
  await using database = await openDatabase(join(folder, 'extract.duckdb'));
  await using connection = await database.connect();
  await connection.run(META_DDL);
  for (const [index, { name, bytes, parts }] of tables.entries()) {
    await mkdir(join(folder, 'data', name), { recursive: true });
    for (let part = 0; part < parts; part += 1) {
      await writePart(connection, partPath(folder, name, part), bytes / parts, index * parts + part);
    }
    const files = quoteLiteral(join(folder, 'data', name, '*.parquet'));
    await connection.run(`CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM read_parquet(${files})`);
    await connection.run("INSERT INTO _meta VALUES ($1, '', NULL, 0, now(), 'local')", [name]);
  }
  return folder;
}

/** Replaces the first part of a table by another of the same size, as a connector does: a new file, renamed. */
export async function changeTable(folder: string, { name, bytes, parts }: TableToMake, seed: number): Promise<void> {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const path = partPath(folder, name, 0);
  await writePart(connection, `${path}.tmp`, bytes / parts, seed);
  await rename(`${path}.tmp`, path);
}

/** `count` small tables in sources of `perSource`. Returns the folders of the sources. */
export async function writeManyTables(
  dataDir: string,
  { count, perSource, bytes }: { readonly count: number; readonly perSource: number; readonly bytes: number },
): Promise<string[]> {
  const folders: string[] = [];
  for (let first = 0; first < count; first += perSource) {
    const numbers = Array.from({ length: Math.min(perSource, count - first) }, (_, index) => first + index);
    const tables = numbers.map((number) => ({ name: `table_${number}`, bytes, parts: 1 }));
    folders.push(await writeExtract(dataDir, `source_${first}`, tables));
  }
  return folders;
}

async function writePart(connection: Connection, path: string, bytes: number, seed: number): Promise<void> {
  const rows = Math.max(1, Math.round(bytes / 8));
  const select = `SELECT hash(i + ${seed * 1_000_000_007}::BIGINT) AS value FROM range(${rows}) AS numbers(i)`;
  await connection.run(`COPY (${select}) TO ${quoteLiteral(path)} (FORMAT parquet, COMPRESSION uncompressed)`);
}

function partPath(folder: string, table: string, part: number): string {
  return join(folder, 'data', table, `part-${String(part).padStart(4, '0')}.parquet`);
}
