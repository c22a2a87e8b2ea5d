import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFilesystemBlobs } from '@agnes/blobs';
import { type Connection, openDatabase, quoteIdentifier, quoteLiteral } from '@agnes/duckdb';
import { META_DDL } from '@agnes/extract-contract';
import type { PublishedFile, PublishRequest } from '../publish/protocol.ts';
import type { PublishProcessOptions, SourceContent } from '../publish/publish-process.ts';
import { readSource } from '../publish/read-source.ts';

/** A data folder for one test. */
export async function dataFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'agnes-orchestrator-')));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Writes `extracts/<source>/extract.duckdb`: `build` makes the objects; each of `tables` gets a row in `_meta`. */
export async function writeExtract(
  dataDir: string,
  source: string,
  tables: readonly (string | { name: string; mode: string; rows?: number })[],
  build: (connection: Connection, folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(dataDir, 'extracts', source);
  await mkdir(join(folder, 'data'), { recursive: true });
  await rm(join(folder, 'extract.duckdb'), { force: true });
  await using database = await openDatabase(join(folder, 'extract.duckdb'));
  await using connection = await database.connect();
  await connection.run(META_DDL);
  for (const table of tables) {
    const { name, mode, rows } = typeof table === 'string' ? { name: table, mode: 'local', rows: undefined } : table;
    await connection.run(`INSERT INTO _meta VALUES ($1, 'A table.', ${rows ?? 'NULL'}, 0, '2026-01-02 03:04:05', $2)`, [
      name,
      mode,
    ]);
  }
  await build(connection, folder);
  return folder;
}

/** Writes a parquet file below a source's folder. */
export async function writeParquet(connection: Connection, path: string, select: string): Promise<void> {
  await connection.run(`COPY (${select}) TO ${quoteLiteral(path)} (FORMAT parquet)`);
}

export async function parquetView(connection: Connection, name: string, scan: string): Promise<void> {
  await connection.run(`CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM read_parquet(${scan})`);
}

/** Runs the real publish runner over a source. */
export async function publish(
  dataDir: string,
  source: string,
  known: { files?: readonly PublishedFile[]; tables?: PublishRequest['known_tables'] } = {},
  options: Partial<PublishProcessOptions> = {},
): Promise<SourceContent> {
  const blobsRoot = join(dataDir, 'blobs');
  await openFilesystemBlobs(blobsRoot);
  return readSource(
    {
      source,
      source_dir: join(dataDir, 'extracts', source),
      out_dir: join(dataDir, 'tmp', `publish-${source}-${crypto.randomUUID()}`),
      blobs_root: blobsRoot,
      known_files: [...(known.files ?? [])],
      known_tables: known.tables ?? [],
      limits: { memory: '500MB', threads: 1, spill: '1GB' },
    },
    {
      deadlineMs: 60_000,
      tableDeadlineMs: 60_000,
      outputBytes: 2 ** 30,
      keepFreeBytes: 0,
      dataBytes: 2 ** 31,
      ...options,
    },
  );
}

/** The rows of published parts, as a reader sees them. */
export async function rowsOfParts(
  dataDir: string,
  parts: readonly { sha256: string }[],
): Promise<Record<string, unknown>[]> {
  const blobs = await openFilesystemBlobs(join(dataDir, 'blobs'));
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const list = parts.map(({ sha256 }) => quoteLiteral(blobs.path(sha256))).join(', ');
  return connection.rows(`SELECT * FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)`);
}
