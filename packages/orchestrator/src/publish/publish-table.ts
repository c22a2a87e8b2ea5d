import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore } from '@agnes/blobs';
import { type Connection, copyToParquetParts, quoteIdentifier, quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';
import type { ExtractTable, ViewGate } from '@agnes/extract-contract';
import { readable } from './duckdb-errors.ts';
import { foreignLink, foreignLinks } from './hard-links.ts';
import { type PlainScan, plainScan } from './plain-scan.ts';
import type { PublishedColumn, PublishedFile, PublishedPart, PublishRequest } from './protocol.ts';
import { locate, missing, type SourceFolder } from './source-folder.ts';
import { takeFile } from './take-file.ts';

/** Alias under which the extract is attached. */
export const EXTRACT = 'extract';

/** What the tables of one run share. */
export interface PublishRun {
  readonly request: PublishRequest;
  readonly folder: SourceFolder;
  readonly blobs: BlobStore;
  /** Runs the extract's SQL, in the sandbox of the source's folder and the output folder. */
  readonly stranger: Connection;
  /** Runs our own SQL over stored blobs, in a sandbox of the blob store. */
  readonly reader: Connection;
  /** Says whether an object speaks of its own extract only. */
  readonly gate: ViewGate;
  readonly writer: string;
  /** Fingerprint of extract.duckdb, undefined while it is too young to rely on. */
  readonly extractFingerprint: string | undefined;
  readonly knownFiles: ReadonlyMap<string, PublishedFile>;
  /** The tables as they are published now, by lower-case name. */
  readonly knownTables: ReadonlyMap<string, PublishRequest['known_tables'][number]>;
  /** Files of the table that is being published, by path. */
  readonly files: Map<string, PublishedFile>;
  /** False once a view of the extract was run: what it yields may depend on the time of day. */
  repeatable: boolean;
}

export interface TableContent {
  readonly parts: PublishedPart[];
  readonly columns: PublishedColumn[];
}

/** Makes a table of the extract into parts in the blob store. */
export async function publishTable(run: PublishRun, table: ExtractTable): Promise<TableContent> {
  if (table.object === 'table') {
    await run.gate.check(table.table_name);
    return publishInnerTable(run, table.table_name);
  }
  const scan = await plainScan(run.stranger, table.table_name, table.sql);
  if (scan !== undefined) return publishScan(run, table, scan);
  run.repeatable = false;
  await run.gate.check(table.table_name);
  const parts = await copyOutAlone(run, table.table_name, innerName(table.table_name));
  return { parts, columns: await columnsOf(run, table.table_name, parts) };
}

/**
 * Rows that are read from files by name: nobody can say afterwards which file it was, so none are published when the folder
 * holds a file that belongs to somebody else too, before they are read or after.
 */
async function copyOutAlone(run: PublishRun, table: string, relation: string): Promise<PublishedPart[]> {
  await refuseForeignLinks(run, table);
  const parts = await copyOut(run, relation);
  await refuseForeignLinks(run, table);
  return parts;
}

async function refuseForeignLinks(run: PublishRun, table: string): Promise<void> {
  const [first] = await foreignLinks(run.folder.root);
  if (first !== undefined) throw foreignLink(first, ` ${table} may read it.`);
}

/** The source's own files, byte for byte, where they hold exactly what the view shows; else the rows of the scan. */
async function publishScan(run: PublishRun, table: ExtractTable, scan: PlainScan): Promise<TableContent> {
  const files = await scannedFiles(run, table, scan);
  const inHiveFolders = files.some(({ path }) => hivePartition(run, path) !== undefined);
  const asRows = async (): Promise<TableContent> => {
    const hive = scan.hivePartitioning ?? inHiveFolders;
    const list = quoteLiteralList(files.map(({ path }) => path));
    const parts = await copyOutAlone(
      run,
      table.table_name,
      `read_parquet(${list}, union_by_name = ${scan.unionByName}, hive_partitioning = ${hive})`,
    );
    return { parts, columns: await columnsOf(run, table.table_name, parts) };
  };
  // Folders of the form key=value are columns of the view that the files alone do not have.
  if (scan.hivePartitioning === true || (scan.hivePartitioning === undefined && inHiveFolders)) return asRows();

  const parts: PublishedPart[] = [];
  for (const { path, partition } of files) {
    const taken = await takeFile(run, path, (name, fingerprint) => {
      const file = run.knownFiles.get(name);
      return file?.fingerprint === fingerprint ? file.sha256 : undefined;
    });
    const before = run.knownFiles.get(taken.name);
    const rows = taken.known && before !== undefined ? before.rows : await rowsOf(run, taken.blob.sha256, taken.name);
    if (taken.fingerprint !== undefined) {
      run.files.set(taken.name, { path: taken.name, fingerprint: taken.fingerprint, ...taken.blob, rows });
    }
    parts.push({ ...taken.blob, rows, ...(partition === undefined ? {} : { partition }), writer: 'source' });
  }
  const columns = await columnsOf(run, table.table_name, parts);
  if (!scan.unionByName && parts.length > 1 && !(await firstFileDecides(run, parts, columns))) return asRows();
  return { parts, columns };
}

interface ScannedFile {
  readonly path: string;
  readonly partition: string | undefined;
}

async function scannedFiles(run: PublishRun, table: ExtractTable, scan: PlainScan): Promise<ScannedFile[]> {
  const keys = new Map(table.parts.map(({ path, partition_key }) => [path, partition_key]));
  const files: ScannedFile[] = [];
  for (const pattern of scan.patterns) {
    const located = locate(run.folder, pattern);
    const isGlob = /[*?[]/.test(pattern);
    // DuckDB's own glob, so that the files and their order are those of the view.
    const paths = isGlob
      ? await run.stranger.rows<{ file: string }>(`SELECT file FROM glob(${quoteLiteral(located)})`)
      : [{ file: located }];
    if (paths.length === 0) throw missing(pattern);
    for (const { file } of paths) {
      const path = locate(run.folder, file);
      const stem = isGlob ? basenameWithout(path, '.parquet') : undefined;
      const partition = keys.get(file) ?? keys.get(pattern) ?? hivePartition(run, path) ?? stem;
      files.push({ path, partition });
    }
  }
  return files;
}

/** `month=2024-01/region=eu` of a path below the source's folder. */
function hivePartition(run: PublishRun, path: string): string | undefined {
  const folders = dirname(path).slice(run.folder.root.length).split(/[\\/]/);
  const keys = folders.filter((folder) => /^[^=]+=/.test(folder));
  return keys.length === 0 ? undefined : keys.join('/');
}

function basenameWithout(path: string, extension: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return name.endsWith(extension) && name !== extension ? name.slice(0, -extension.length) : name;
}

/** Data that lies in extract.duckdb itself is copied out again only when that file changed. */
async function publishInnerTable(run: PublishRun, table: string): Promise<TableContent> {
  const parts = await innerTableParts(run, table);
  return { parts, columns: await withNotNull(run, table, await columnsOf(run, table, parts)) };
}

async function innerTableParts(run: PublishRun, table: string): Promise<PublishedPart[]> {
  const fingerprint = run.extractFingerprint === undefined ? undefined : `${run.extractFingerprint}-${run.writer}`;
  const key = (index: number): string => `extract.duckdb#${table}#${index}`;
  const known: PublishedPart[] = [];
  for (let index = 0; fingerprint !== undefined; index += 1) {
    const file = run.knownFiles.get(key(index));
    if (file === undefined || !file.fingerprint.startsWith(`${fingerprint}-`)) break;
    if ((await run.blobs.stat(file.sha256)) === undefined) break;
    run.files.set(file.path, file);
    known.push({ sha256: file.sha256, size_bytes: file.size_bytes, rows: file.rows, writer: run.writer });
    if (file.fingerprint === `${fingerprint}-${index + 1}`) return known;
  }
  const parts = await copyOut(run, innerName(table));
  if (fingerprint !== undefined) {
    for (const [index, { sha256, size_bytes, rows }] of parts.entries()) {
      const path = key(index);
      run.files.set(path, { path, fingerprint: `${fingerprint}-${parts.length}`, sha256, size_bytes, rows });
    }
  }
  return parts;
}

/** Writes the rows of a relation of the sandbox to parquet and puts the files into the blob store. */
async function copyOut(run: PublishRun, relation: string): Promise<PublishedPart[]> {
  const folder = join(run.request.out_dir, 'rows');
  try {
    const written = await copyToParquetParts(run.stranger, `SELECT * FROM ${relation}`, folder, { prefix: 'part' });
    const parts: PublishedPart[] = [];
    for (const { path, rows } of written) {
      const blob = await run.blobs.putFile(path, { move: true });
      const stored = await rowsOf(run, blob.sha256, relation);
      if (stored !== rows) throw new Error(`${rows} rows were written to parquet, ${stored} are there.`);
      parts.push({ ...blob, rows, writer: run.writer });
    }
    return parts;
  } finally {
    // It goes with the output folder at the latest.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function rowsOf(run: PublishRun, sha256: string, name: string): Promise<number> {
  try {
    const footer = await run.reader.first<{ rows: number }>('SELECT num_rows AS rows FROM parquet_file_metadata($1)', [
      run.blobs.path(sha256),
    ]);
    if (footer === undefined) throw new Error('It has no footer.');
    return footer.rows;
  } catch (error) {
    throw new AgnesError('extract_invalid', `${name} is no readable parquet file: ${readable(run.request, error)}`, {
      hint: 'Run the sync again, so that the file is written anew.',
      cause: error,
    });
  }
}

/** Columns of the parts together, as readers see them. */
async function columnsOf(run: PublishRun, table: string, parts: readonly PublishedPart[]): Promise<PublishedColumn[]> {
  const known = run.knownTables.get(table.toLowerCase());
  if (
    known !== undefined &&
    known.parts.length === parts.length &&
    known.parts.every((sha256, index) => sha256 === parts[index]?.sha256)
  ) {
    return known.columns;
  }
  return describe(run, parts, true);
}

async function describe(
  run: PublishRun,
  parts: readonly PublishedPart[],
  unionByName: boolean,
): Promise<PublishedColumn[]> {
  const list = quoteLiteralList(parts.map(({ sha256 }) => run.blobs.path(sha256)));
  const rows = await run.reader.rows<{ column_name: string; column_type: string; null: string }>(
    `DESCRIBE SELECT * FROM read_parquet(${list}, union_by_name = ${unionByName}, hive_partitioning = false)`,
  );
  return rows.map((row) => ({ name: row.column_name, type: row.column_type, nullable: row.null !== 'NO' }));
}

/** Without union_by_name the first file's columns are the view's; the parts then show the same only when all agree. */
async function firstFileDecides(
  run: PublishRun,
  parts: readonly PublishedPart[],
  columns: readonly PublishedColumn[],
): Promise<boolean> {
  const first = await describe(run, parts.slice(0, 1), false);
  return (
    first.length === columns.length &&
    first.every(({ name, type }, index) => name === columns[index]?.name && type === columns[index]?.type)
  );
}

async function withNotNull(run: PublishRun, table: string, columns: PublishedColumn[]): Promise<PublishedColumn[]> {
  const rows = await run.stranger.rows<{ name: string }>(
    `SELECT column_name AS name FROM duckdb_columns() WHERE database_name = ${quoteLiteral(EXTRACT)}
     AND schema_name = 'main' AND lower(table_name) = lower(${quoteLiteral(table)}) AND NOT is_nullable`,
  );
  const notNull = new Set(rows.map(({ name }) => name));
  return columns.map((column) => (notNull.has(column.name) ? { ...column, nullable: false } : column));
}

function innerName(table: string): string {
  return `${EXTRACT}.main.${quoteIdentifier(table)}`;
}
