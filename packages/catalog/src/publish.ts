import type { BlobStore } from '@agnes/blobs';
import type { ErrorCode } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { eq, inArray, or } from 'drizzle-orm';
import { nameKey } from './names.ts';
import type { Publication, PublishedTable, PublishResult } from './publication.ts';
import { type AcceptedTable, type Before, type Plan, planPublication } from './publish-plan.ts';
import { rememberFiles } from './published-files.ts';
import { blank } from './registration.ts';
import { idsAmong, selectTables } from './registry-rows.ts';
import { recordSync } from './sync-history.ts';
import { REGISTERED_BY_EXTRACT, type RegisteredTable, sourceTypeOfFolder } from './table.ts';
import type { VersionCache } from './versions.ts';

const { tableRegistry, unregisteredTables, viewOwnership, syncState, tableVersions, tableParts } = schema;

export interface PublishContext {
  readonly state: State;
  readonly blobs: BlobStore;
  readonly versions: VersionCache;
  readonly now: () => Date;
}

/** Rows in one INSERT. */
const BATCH = 500;

/** Errors that reading an extract gives: over when it is read again, unlike those of a connector that did not run well. */
const PUBLISH_ERRORS: ReadonlySet<string> = new Set<ErrorCode>([
  'extract_missing',
  'extract_invalid',
  'extract_unreadable',
  'publish_refused',
  'publish_failed',
  'table_exists',
  'invalid_table_name',
  'blob_corrupt',
]);

/** Makes a publication visible: all that is accepted of it in one transaction, or nothing. */
export async function publish(context: PublishContext, publication: Publication): Promise<PublishResult> {
  // Files are looked at before the write queue is held. None of them can go meanwhile: the sweep spares young blobs, and
  // those of a source's remembered files are live.
  const missingBlobs = await findMissingBlobs(context.blobs, publication);
  return context.state.write(async (tx) => {
    const before = await readBefore(tx, context.versions, publication, missingBlobs);
    return apply(tx, context.now(), publication, planPublication(publication, before));
  });
}

async function findMissingBlobs(blobs: BlobStore, { tables }: Publication): Promise<Set<string>> {
  const sizes = new Map(tables.flatMap(({ parts }) => parts.map((part) => [part.sha256, part.size_bytes])));
  const missing = new Set<string>();
  for (const [sha256, size] of sizes) {
    const blob = await blobs.stat(sha256);
    if (blob?.size_bytes !== size) missing.add(sha256);
  }
  return missing;
}

async function readBefore(
  tx: StateDatabase,
  versions: VersionCache,
  publication: Publication,
  missingBlobs: ReadonlySet<string>,
): Promise<Before> {
  const { source } = publication;
  const names = [...publication.tables, ...publication.failed].map(({ name }) => name);
  const keys = [...new Set(names.map(nameKey))];
  const tables = await selectTables(
    tx,
    or(eq(tableRegistry.source, source), keys.length === 0 ? undefined : inArray(tableRegistry.name_key, keys)),
  );
  const owners = await tx
    .select()
    .from(viewOwnership)
    .where(
      or(eq(viewOwnership.source_name, source), keys.length === 0 ? undefined : inArray(viewOwnership.view_name, keys)),
    );
  const stones = await tx
    .select({ key: unregisteredTables.name_key })
    .from(unregisteredTables)
    .where(eq(unregisteredTables.source, source));
  const current = await versions.load(
    tx,
    tables.flatMap(({ current_version }) => current_version ?? []),
  );
  return {
    tables: new Map(tables.map((table) => [nameKey(table.name), table])),
    versions: new Map(current.map((version) => [version.table_id, version])),
    owners: new Map(owners.map((row) => [row.view_name, row.source_name])),
    takenOut: new Set(stones.map(({ key }) => key)),
    ids: await idsAmong(tx, names),
    missingBlobs,
  };
}

async function apply(tx: StateDatabase, at: Date, publication: Publication, plan: Plan): Promise<PublishResult> {
  const { source } = publication;
  const changed: PublishResult['changed'][number][] = [];
  const unchanged: string[] = [];
  const registered: string[] = [];
  let seen = false;

  for (const table of plan.accepted) {
    const { row, published, same } = table;
    const id = row?.id ?? (await registerFromExtract(tx, at, source, published));
    if (row === undefined) registered.push(published.name);
    if (row !== undefined && (await follow(tx, at, source, table, row))) seen = true;
    await claim(tx, at, source, table.key);
    const version = same?.id ?? (await insertVersion(tx, at, publication, id, published));
    await saveState(tx, at, publication, table, id, version);
    const name = row?.name ?? published.name;
    if (same === undefined) {
      changed.push({ id, name, version, rows: published.rows, parts: published.parts.length });
    } else {
      unchanged.push(name);
    }
  }

  for (const { row, code, message } of plan.failed) {
    const error = { status: 'error', error_code: code, error: message, updated_at: at };
    await tx
      .insert(syncState)
      .values({ table_id: row.id, ...error })
      .onConflictDoUpdate({ target: syncState.table_id, set: error });
  }

  const withdrawn: string[] = [];
  for (const { key, row } of plan.released) {
    await tx.delete(viewOwnership).where(eq(viewOwnership.view_name, key));
    if (row === undefined || row.current_version === null) continue;
    await tx.update(syncState).set({ current_version: null, updated_at: at }).where(eq(syncState.table_id, row.id));
    withdrawn.push(row.name);
  }

  await rememberFiles(tx, source, publication.files);
  if (seen || changed.length > 0 || withdrawn.length > 0) await bumpVersion(tx, 'data_version');
  return { changed, unchanged, refused: plan.refused, withdrawn, registered };
}

async function registerFromExtract(
  tx: StateDatabase,
  at: Date,
  source: string,
  { name, description, query_mode }: PublishedTable,
): Promise<string> {
  const id = newId('tbl');
  const source_type = sourceTypeOfFolder(source);
  await tx.insert(tableRegistry).values({
    ...blank(name),
    id,
    name_key: nameKey(name),
    source,
    source_type,
    query_mode,
    description: description ?? null,
    registered_by: `${REGISTERED_BY_EXTRACT}${source}`,
    registered_at: at,
    updated_at: at,
  });
  await recordAudit(tx, {
    userId: null,
    action: 'table.register',
    resource: `table:${id}`,
    params: { name, source_type, source },
  });
  return id;
}

/** A table that an extract brought is what the extract says. Returns whether a reader sees a difference. */
async function follow(
  tx: StateDatabase,
  at: Date,
  source: string,
  { published, takesOver }: AcceptedTable,
  row: RegisteredTable,
): Promise<boolean> {
  if (row.registered_by?.startsWith(REGISTERED_BY_EXTRACT) !== true) return false;
  const changes = {
    ...(takesOver
      ? { source, source_type: sourceTypeOfFolder(source), registered_by: `${REGISTERED_BY_EXTRACT}${source}` }
      : {}),
    ...(published.query_mode === row.query_mode ? {} : { query_mode: published.query_mode }),
    ...(row.description === null && published.description ? { description: published.description } : {}),
  };
  if (Object.keys(changes).length === 0) return false;
  await tx
    .update(tableRegistry)
    .set({ ...changes, updated_at: at })
    .where(eq(tableRegistry.id, row.id));
  if (takesOver) {
    await recordAudit(tx, {
      userId: null,
      action: 'table.update',
      resource: `table:${row.id}`,
      params: { updated: ['source'], from: row.source, to: source },
    });
  }
  return true;
}

async function claim(tx: StateDatabase, at: Date, source: string, key: string): Promise<void> {
  await tx
    .insert(viewOwnership)
    .values({ view_name: key, source_name: source, registered_at: at })
    .onConflictDoNothing();
}

async function insertVersion(
  tx: StateDatabase,
  at: Date,
  { jobId }: Publication,
  tableId: string,
  { rows, size_bytes, columns, warnings, extracted_at, parts }: PublishedTable,
): Promise<string> {
  const id = newId('ver');
  await tx.insert(tableVersions).values({
    id,
    table_id: tableId,
    created_at: at,
    rows,
    size_bytes,
    columns: [...columns],
    warnings: [...warnings],
    job_id: jobId ?? null,
    extracted_at: extracted_at ?? null,
  });
  const values = parts.map((part, position) => ({
    version_id: id,
    position,
    sha256: part.sha256,
    size_bytes: part.size_bytes,
    rows: part.rows,
    partition: part.partition ?? null,
    writer: part.writer,
  }));
  for (let from = 0; from < values.length; from += BATCH) {
    await tx.insert(tableParts).values(values.slice(from, from + BATCH));
  }
  return id;
}

async function saveState(
  tx: StateDatabase,
  at: Date,
  publication: Publication,
  { row, published, same }: AcceptedTable,
  id: string,
  version: string,
): Promise<void> {
  const before = row?.last_sync ?? null;
  // A clock that runs ahead must not make a table look fresh for ever.
  const extracted = published.extracted_at ?? (same === undefined ? at : null);
  const last = extracted === null ? null : new Date(Math.min(extracted.getTime(), at.getTime()));
  const extractedAnew = last !== null && (before === null || last > before);
  const stillFailed =
    row?.last_sync_status === 'error' &&
    same !== undefined &&
    !extractedAnew &&
    !PUBLISH_ERRORS.has(row.error_code ?? '');
  const values = {
    current_version: version,
    last_sync: extractedAnew ? last : before,
    updated_at: at,
    ...(stillFailed ? {} : { status: 'ok', error_code: null, error: null }),
  };
  await tx
    .insert(syncState)
    .values({ table_id: id, status: 'ok', ...values })
    .onConflictDoUpdate({ target: syncState.table_id, set: values });
  if (extractedAnew && last !== null) await recordSync(tx, id, last, publication.jobId, published);
}
