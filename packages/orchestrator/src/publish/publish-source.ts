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
  openViewGate,
  readAttachedExtract,
} from '@agnes/extract-contract';
import { diskError } from '../disk-error.ts';
import { readable, tableError } from './duckdb-errors.ts';
import { foreignLink, foreignLinks } from './hard-links.ts';
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
    const { complete, repeatable } = yield* publishTables(request, files);
    yield { type: 'done', complete, repeatable };
  } catch (error) {
    const problem = error instanceof AgnesError ? error : diskError(error);
    if (problem === undefined) throw error;
    yield { type: 'problem', ...failureOf(problem) };
    yield { type: 'done', complete: false, repeatable: false };
  }
}

async function* publishTables(
  request: PublishRequest,
  files: Map<string, PublishedFile>,
): AsyncGenerator<PublishMessage, { complete: boolean; repeatable: boolean }> {
  const folder = await openSourceFolder(request.source, request.source_dir);
  const extractFile = join(folder.root, EXTRACT_FILE);
  await checkExtractLinks(folder.root);
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
    gate: await openViewGate(stranger, EXTRACT),
    writer: `duckdb/${await duckdbVersion()}`,
    extractFingerprint: settled ? extractFingerprint : undefined,
    knownTables: new Map(request.known_tables.map((table) => [table.name.toLowerCase(), table])),
    knownFiles: new Map(request.known_files.map((file) => [file.path, file])),
    files,
    repeatable: true,
  };
  const leaveOut = new Set(request.leave_out);
  for (const [index, table] of extract.tables.entries()) {
    if (leaveOut.has(table.table_name)) continue;
    yield { type: 'started', table: table.table_name };
    yield await publishOne(run, table);
    if (files.size > 0) yield { type: 'files', files: [...files.values()] };
    files.clear();
    yield { type: 'progress', table: table.table_name, done: index + 1, total: extract.tables.length };
  }
  return { complete: extract.tables.length < MOST_TABLES, repeatable: run.repeatable };
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

/** The index of another source under our name would publish that one's rows. */
async function checkExtractLinks(folder: string): Promise<void> {
  for (const name of [EXTRACT_FILE, `${EXTRACT_FILE}.wal`]) {
    const stats = await statsOf(join(folder, name));
    if (stats?.isFile() === true && stats.nlink > 1 && (await foreignLinks(folder)).has(name)) throw foreignLink(name);
  }
}

async function fingerprintOfExtract(source: string, path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    // DuckDB's write-ahead log, which is there while somebody writes or after a writer died.
    const log = await statsOf(`${path}.wal`);
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

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function failureOf(error: AgnesError): { code: ErrorCode; message: string; hint?: string } {
  return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
