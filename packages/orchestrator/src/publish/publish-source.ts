import type { Stats } from 'node:fs';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { openFilesystemBlobs } from '@agnes/blobs';
import { attachReadOnly, duckdbVersion, enterSandbox, openDatabase } from '@agnes/duckdb';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError, type ErrorCode } from '@agnes/errors';
import {
  EXTRACT_FILE,
  type Extract,
  type ExtractTable,
  isTableName,
  readAttachedExtract,
} from '@agnes/extract-contract';
import { readable, tableError } from './duckdb-errors.ts';
import type { PublishedFile, PublishMessage, PublishRequest, PublishWarning, TableMessage } from './protocol.ts';
import { EXTRACT, type PublishRun, publishTable } from './publish-table.ts';
import { openSourceFolder } from './source-folder.ts';
import { fingerprintOf } from './take-file.ts';

/** Rows of `_meta` that are read; an extract with more is not known completely. */
const MOST_TABLES = 100_000;

/**
 * Reads what a source left and brings its tables into the blob store, one message a table. Everything of the extract is
 * read inside a sandbox, because its views are SQL that a stranger wrote.
 */
export async function* publishSource(request: PublishRequest): AsyncGenerator<PublishMessage> {
  const files = new Map<string, PublishedFile>();
  try {
    const complete = yield* publishTables(request, files);
    yield { type: 'done', complete, files: [...files.values()] };
  } catch (error) {
    if (!(error instanceof AgnesError)) throw error;
    yield { type: 'problem', ...failureOf(error) };
    yield { type: 'done', complete: false, files: [] };
  }
}

async function* publishTables(
  request: PublishRequest,
  files: Map<string, PublishedFile>,
): AsyncGenerator<PublishMessage, boolean> {
  const folder = await openSourceFolder(request.source, request.source_dir);
  const extractFile = join(folder.root, EXTRACT_FILE);
  const extractFingerprint = await fingerprintOfExtract(request.source, extractFile);
  const blobsRoot = await realpath(request.blobs_root);
  const { memory, threads, spill } = request.limits;
  const caps = { memoryLimit: memory, threads };

  await using strangers = await openDatabase(':memory:');
  await using stranger = await strangers.connect();
  const spillDir = join(request.out_dir, 'spill');
  await mkdir(spillDir, { recursive: true });
  await enterSandbox(stranger, {
    ...caps,
    allowedDirectories: [...new Set([folder.path, folder.root, request.out_dir])],
    tempDirectory: spillDir,
    maxTempSize: spill,
  });
  await using readers = await openDatabase(':memory:');
  await using reader = await readers.connect();
  await enterSandbox(reader, { ...caps, allowedDirectories: [blobsRoot] });

  await attach(request, stranger, extractFile);
  const settled = extractFingerprint === (await fingerprintOfExtract(request.source, extractFile));
  const extract = await readAttachedExtract(stranger, EXTRACT).catch((error: unknown) => {
    throw unreadable(request, error);
  });
  yield* reportProblems(extract);

  const run: PublishRun = {
    request,
    folder,
    blobs: await openFilesystemBlobs(blobsRoot),
    stranger,
    reader,
    writer: `duckdb/${await duckdbVersion()}`,
    extractFingerprint: settled ? extractFingerprint : undefined,
    knownTables: new Map(request.known_tables.map((table) => [table.name.toLowerCase(), table])),
    knownFiles: new Map(request.known_files.map((file) => [file.path, file])),
    files,
  };
  for (const [index, table] of extract.tables.entries()) {
    yield await publishOne(run, table);
    yield { type: 'progress', table: table.table_name, done: index + 1, total: extract.tables.length };
  }
  return extract.tables.length < MOST_TABLES;
}

/** A table that the extract means to publish and cannot keeps its last good version; anything else is about the source. */
function* reportProblems(extract: Extract): Generator<PublishMessage> {
  const published = new Set(extract.tables.map(({ table_name }) => table_name.toLowerCase()));
  for (const { table, code, message, hint } of extract.problems) {
    if (code !== 'invalid_identifier' && isTableName(table) && !published.has(table.toLowerCase()))
      yield { type: 'failed', name: table, code, message, hint };
    else yield { type: 'problem', code, message, hint };
  }
}

async function publishOne(run: PublishRun, table: ExtractTable): Promise<PublishMessage> {
  const name = table.table_name;
  if (table.query_mode === 'remote') {
    return {
      type: 'skipped',
      name,
      reason: 'The table stays at its source (remote), and no engine for it is installed.',
    };
  }
  const start = performance.now();
  try {
    const { parts, columns } = await publishTable(run, table);
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    return {
      type: 'table',
      name,
      description: table.description,
      query_mode: table.query_mode === 'materialized' ? 'materialized' : 'local',
      extracted_at: table.extracted_at?.toISOString() ?? null,
      columns,
      parts,
      rows,
      size_bytes: parts.reduce((sum, part) => sum + part.size_bytes, 0),
      warnings: warningsOf(table, rows),
      duration_ms: Math.round(performance.now() - start),
    } satisfies TableMessage;
  } catch (error) {
    return { type: 'failed', name, ...failureOf(tableError(run.request, name, error)) };
  }
}

function warningsOf(entry: ExtractTable, rows: number): PublishWarning[] {
  if (entry.rows === null || entry.rows === rows) return [];
  return [
    {
      code: 'rows_differ',
      message: `The source says ${entry.rows} rows, the data has ${rows}.`,
      hint: 'The number of the data is used.',
    },
  ];
}

async function attach(
  request: PublishRequest,
  stranger: Parameters<typeof attachReadOnly>[0],
  file: string,
): Promise<void> {
  try {
    await attachReadOnly(stranger, file, EXTRACT);
  } catch (error) {
    throw unreadable(request, error);
  }
}

function unreadable(request: PublishRequest, error: unknown): AgnesError {
  if (error instanceof AgnesError) return error;
  const text = readable(request, error);
  const hint = /lock/i.test(text)
    ? 'Another process has it open for writing. Writers should write extract.duckdb.tmp and rename it.'
    : `Delete extracts/${request.source}/extract.duckdb and sync all tables of the source again; readers keep what they have.`;
  return new AgnesError('extract_unreadable', `extract.duckdb of ${request.source} cannot be read: ${text}`, {
    hint,
    cause: error,
  });
}

async function fingerprintOfExtract(source: string, path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    const log = await logOf(path);
    // DuckDB opens its log too, and would wait for ever at a pipe.
    if (!stats.isFile() || log?.isFile() === false) {
      const name = stats.isFile() ? `${EXTRACT_FILE}.wal` : EXTRACT_FILE;
      throw new AgnesError('extract_unreadable', `${name} of ${source} is no regular file.`, {
        hint: 'Put the file itself into the folder.',
      });
    }
    return log !== undefined || Date.now() - Number(stats.ctimeMs) < 100 ? undefined : fingerprintOf(stats);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
    throw new AgnesError('extract_missing', `Source ${source} has no extract.duckdb.`, {
      hint: 'Run a sync of the source.',
      cause: error,
    });
  }
}

/** DuckDB's write-ahead log of a database, which is there while somebody writes or after a writer died. */
async function logOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(`${path}.wal`);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function failureOf(error: AgnesError): { code: ErrorCode; message: string; hint?: string } {
  return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
