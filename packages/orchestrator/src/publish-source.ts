import { join } from 'node:path';
import type { BlobStore } from '@agnes/blobs';
import type { Catalog, Publication, PublishResult, RegisteredTable } from '@agnes/catalog';
import { isThere } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { EXTRACT_FILE } from '@agnes/extract-contract';
import { diskError } from './disk-error.ts';
import type { Limits } from './limits.ts';
import type { PublishRequest } from './publish/protocol.ts';
import type { SourceContent } from './publish/publish-process.ts';
import { readSource } from './publish/read-source.ts';
import type { Readings } from './publish/readings.ts';
import type { Failure, SourceReport, WorkContext } from './report.ts';

export interface PublishSetup {
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly blobsRoot: string;
  readonly dataDir: string;
  readonly limits: Limits;
  readonly readings: Readings;
}

/** A source as its runner found it, ready to be made visible. */
export interface ReadSource {
  readonly content: SourceContent;
  readonly publication: Publication;
}

/**
 * Reads a source in its sandbox. Whatever goes wrong with it becomes failures of its tables, which keep their last good
 * version; only a cancelled run throws.
 */
export async function readForPublication(
  setup: PublishSetup,
  source: string,
  context: WorkContext,
  connectorFailures: readonly Failure[],
): Promise<ReadSource> {
  const registered = (await setup.catalog.list()).filter((table) => table.source === source);
  const content = await contentOf(setup, source, registered, context);
  const whole = content.complete ? undefined : content.problems.at(-1);
  const said = new Map<string, Publication['failed'][number]>();
  if (whole !== undefined) {
    for (const { name } of registered) said.set(name.toLowerCase(), { name, code: whole.code, message: whole.message });
  }
  for (const { name, code, message } of content.failed) said.set(name.toLowerCase(), { name, code, message });
  // Why the connector failed tells more than what it left.
  for (const { item, code, message } of connectorFailures) said.set(item.toLowerCase(), { name: item, code, message });
  const publication: Publication = {
    source,
    jobId: context.jobId,
    tables: content.tables.map(({ type: _, duration_ms, extracted_at, warnings, ...table }) => ({
      ...table,
      extracted_at: extracted_at === null ? null : new Date(extracted_at),
      warnings: warnings.map(({ code, message, hint }) => ({ code, message, ...(hint === undefined ? {} : { hint }) })),
      durationMs: duration_ms,
    })),
    failed: [...said.values()],
    complete: content.complete,
    files: content.files,
  };
  return { content, publication };
}

/** What became of a source, from what its runner found and what the catalog said to it. */
export function reportOf(source: string, { content }: ReadSource, result: PublishResult): SourceReport {
  // Of a name that an administrator took out, the catalog says publish_refused: that is as it should be, no failure.
  const takenOut = result.refused.filter(({ code }) => code === 'publish_refused');
  const refused = result.refused.filter(({ code }) => code !== 'publish_refused');
  const changed = result.changed.map(({ name }) => name);
  return {
    source,
    published: [...changed, ...result.unchanged].sort(),
    changed,
    failed: [
      ...content.failed.map(({ name, ...failure }) => ({ item: name, ...failure })),
      ...refused.map(({ name, ...failure }) => ({ item: name, ...failure })),
      ...(content.complete ? [] : content.problems.slice(-1).map((problem) => ({ item: source, ...problem }))),
    ],
    warnings: [
      ...(content.complete ? content.problems : content.problems.slice(0, -1)).map((problem) => ({
        item: source,
        ...problem,
      })),
      ...content.tables.flatMap(({ name, warnings }) =>
        warnings.map((warning) => ({
          item: name,
          code: warning.code,
          message: warning.message,
          ...(warning.hint === undefined ? {} : { hint: warning.hint }),
        })),
      ),
    ],
    skipped: [
      ...content.skipped.map(({ name, reason }) => ({ item: name, reason })),
      ...takenOut.map(({ name, message }) => ({ item: name, reason: message })),
    ],
    kept: result.kept,
    withdrawn: result.withdrawn,
  };
}

/** What the runner finds; what goes wrong before or with it is a problem of the source. */
async function contentOf(
  setup: PublishSetup,
  source: string,
  registered: readonly RegisteredTable[],
  context: WorkContext,
): Promise<SourceContent> {
  try {
    return await readFolder(setup, source, registered, context);
  } catch (thrown) {
    const error = thrown instanceof AgnesError ? thrown : diskError(thrown);
    if (error === undefined || error.code === 'job_cancelled') throw thrown;
    const { code, message, hint } = error;
    return unreadable({ code, message, ...(hint === undefined ? {} : { hint }) });
  }
}

async function readFolder(
  setup: PublishSetup,
  source: string,
  registered: readonly RegisteredTable[],
  context: WorkContext,
): Promise<SourceContent> {
  const sourceDir = folderOf(setup, source);
  if (!(await isThere(join(sourceDir, EXTRACT_FILE)))) {
    return unreadable({
      code: 'extract_missing',
      message: `The source ${source} has no extract.duckdb, so there is nothing to publish.`,
      hint: 'Sync its tables, or put an extract into its folder.',
    });
  }
  const { publishMemoryMb, publishTimeoutMs, publishTableTimeoutMs } = setup.limits;
  const { publishOutputBytes, publishKeepFreeBytes } = setup.limits;
  return await setup.readings.contentOf(source, sourceDir, context.force ?? false, async () =>
    readSource(await requestOf(setup, source, registered), {
      deadlineMs: publishTimeoutMs,
      tableDeadlineMs: publishTableTimeoutMs,
      outputBytes: publishOutputBytes,
      keepFreeBytes: publishKeepFreeBytes,
      dataBytes: (publishMemoryMb + 1024) * 1024 * 1024,
      signal: context.signal,
      onProgress: ({ table, done, total }) =>
        context.progress?.({ message: `Published ${table} of ${source}`, done, total, unit: 'tables' }),
    }),
  );
}

async function requestOf(
  setup: PublishSetup,
  source: string,
  registered: readonly RegisteredTable[],
): Promise<Omit<PublishRequest, 'leave_out'>> {
  const { publishMemoryMb, publishThreads } = setup.limits;
  return {
    source,
    source_dir: folderOf(setup, source),
    out_dir: join(setup.dataDir, 'tmp', `publish-${source}-${crypto.randomUUID()}`),
    blobs_root: setup.blobsRoot,
    known_files: [...(await setup.catalog.knownFiles(source))].map(([path, file]) => ({ ...knownFile(file), path })),
    known_tables: await knownTables(setup.catalog, registered),
    limits: { memory: `${publishMemoryMb}MB`, threads: publishThreads, spill: '20GB' },
  };
}

function folderOf({ dataDir }: PublishSetup, source: string): string {
  return join(dataDir, 'extracts', source);
}

/** A source of which nothing is known now: its tables keep what they have. */
function unreadable(problem: SourceContent['problems'][number]): SourceContent {
  return { tables: [], failed: [], skipped: [], problems: [problem], complete: false, repeatable: false, files: [] };
}

function knownFile({ fingerprint, sha256, size_bytes, rows }: Omit<PublishRequest['known_files'][number], 'path'>) {
  return { fingerprint, sha256, size_bytes, rows };
}

async function knownTables(
  catalog: Catalog,
  registered: readonly RegisteredTable[],
): Promise<PublishRequest['known_tables']> {
  const known: PublishRequest['known_tables'] = [];
  for (const { id, name, current_version } of registered) {
    const version = current_version === null ? undefined : await catalog.currentVersion(id);
    if (version === undefined) continue;
    const columns = version.columns.map(({ name: column, type, nullable }) => ({ name: column, type, nullable }));
    known.push({ name, columns, parts: version.parts.map(({ sha256 }) => sha256) });
  }
  return known;
}
