import type { BlobStore } from '@agnes/blobs';
import { recordAudit } from '@agnes/rbac';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { eq, inArray, or } from 'drizzle-orm';
import { insertRows } from './insert-rows.ts';
import { nameKey } from './names.ts';
import type { Publication, PublishedTable, PublishResult } from './publication.ts';
import { type AcceptedTable, type Before, type Plan, planPublication } from './publish-plan.ts';
import { rememberFiles } from './published-files.ts';
import { blank } from './registration.ts';
import { idsAmong, selectTables } from './registry-rows.ts';
import { recordSyncs, type SyncRun } from './sync-history.ts';
import { type SyncStateRow, saveFailures, saveSyncStates, syncOf } from './sync-state.ts';
import { REGISTERED_BY_EXTRACT, type RegisteredTable, sourceTypeOfFolder } from './table.ts';
import { takenOut } from './taken-out.ts';
import type { VersionCache } from './versions.ts';

const { tableRegistry, viewOwnership, syncState, tableVersions, tableParts } = schema;

export interface PublishContext {
  readonly state: State;
  readonly blobs: BlobStore;
  readonly versions: VersionCache;
  readonly now: () => Date;
}

/** Makes a publication visible: all that is accepted of it in one transaction, or nothing. */
export async function publish(context: PublishContext, publication: Publication): Promise<PublishResult> {
  // Files are looked at before the write queue is held. None of them can go meanwhile: the sweep spares young blobs, and
  // those of a source's remembered files are live.
  const stored = await storedSizes(context.blobs, publication);
  return context.state.write(async (tx) => {
    const before = await readBefore(tx, context.versions, publication, stored);
    return apply(tx, context.now(), publication, planPublication(publication, before));
  });
}

async function storedSizes(blobs: BlobStore, { tables }: Publication): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const sha256 of new Set(tables.flatMap(({ parts }) => parts.map((part) => part.sha256)))) {
    const blob = await blobs.stat(sha256);
    if (blob !== undefined) sizes.set(sha256, blob.size_bytes);
  }
  return sizes;
}

async function readBefore(
  tx: StateDatabase,
  versions: VersionCache,
  publication: Publication,
  stored: ReadonlyMap<string, number>,
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
  const stones = await takenOut(tx, source);
  const current = await versions.load(
    tx,
    tables.flatMap(({ current_version }) => current_version ?? []),
  );
  return {
    tables: new Map(tables.map((table) => [nameKey(table.name), table])),
    versions: new Map(current.map((version) => [version.table_id, version])),
    owners: new Map(owners.map((row) => [row.view_name, row.source_name])),
    takenOut: new Set(stones),
    ids: await idsAmong(tx, names),
    stored,
  };
}

/** What is inserted, gathered so that it takes few statements. */
interface Inserts {
  readonly registered: (typeof tableRegistry.$inferInsert)[];
  readonly owned: (typeof viewOwnership.$inferInsert)[];
  readonly versions: (typeof tableVersions.$inferInsert)[];
  readonly parts: (typeof tableParts.$inferInsert)[];
  readonly syncs: SyncRun[];
}

async function apply(tx: StateDatabase, at: Date, publication: Publication, plan: Plan): Promise<PublishResult> {
  const { source } = publication;
  const inserts: Inserts = { registered: [], owned: [], versions: [], parts: [], syncs: [] };
  const states: SyncStateRow[] = [];
  const changed: PublishResult['changed'][number][] = [];
  const unchanged: string[] = [];
  let seen = false;

  for (const table of plan.accepted) {
    const { row, published, same, key } = table;
    const id = row?.id ?? newId('tbl');
    const name = row?.name ?? published.name;
    if (row === undefined) inserts.registered.push(rowFromExtract(id, at, source, published));
    else if (await follow(tx, at, source, table, row)) seen = true;
    if (!table.owned) inserts.owned.push({ view_name: key, source_name: source, registered_at: at });
    const version = same?.id ?? addVersion(inserts, at, publication, id, published);
    const { state, sync } = syncOf(table, id, version, at);
    if (state !== undefined) states.push(state);
    if (sync !== undefined) inserts.syncs.push({ ...sync, job_id: publication.jobId ?? null });
    if (same !== undefined) unchanged.push(name);
    else changed.push({ id, name, version, rows: published.rows, parts: published.parts.length });
  }

  await insertRows(tx, tableRegistry, inserts.registered);
  for (const { id, name, source_type } of inserts.registered) {
    const params = { name, source_type, source };
    await recordAudit(tx, { userId: null, action: 'table.register', resource: `table:${id}`, params });
  }
  await insertRows(tx, viewOwnership, inserts.owned);
  await insertRows(tx, tableVersions, inserts.versions);
  await insertRows(tx, tableParts, inserts.parts);
  await saveSyncStates(tx, states);
  await saveFailures(tx, at, plan.failed);
  await recordSyncs(tx, inserts.syncs);

  const withdrawn: string[] = [];
  for (const { key, row } of plan.released) {
    await tx.delete(viewOwnership).where(eq(viewOwnership.view_name, key));
    if (row === undefined || row.current_version === null) continue;
    await tx.update(syncState).set({ current_version: null, updated_at: at }).where(eq(syncState.table_id, row.id));
    withdrawn.push(row.name);
  }

  await rememberFiles(tx, source, publication.files);
  if (seen || changed.length > 0 || withdrawn.length > 0) await bumpVersion(tx, 'data_version');
  const registered = inserts.registered.map(({ name }) => name);
  const kept = plan.kept.map(({ name }) => name);
  return { changed, unchanged, refused: plan.refused, kept, withdrawn, registered };
}

function rowFromExtract(
  id: string,
  at: Date,
  source: string,
  { name, description, query_mode }: PublishedTable,
): typeof tableRegistry.$inferInsert {
  return {
    ...blank(name),
    id,
    name_key: nameKey(name),
    source,
    source_type: sourceTypeOfFolder(source),
    query_mode,
    description: description ?? null,
    registered_by: `${REGISTERED_BY_EXTRACT}${source}`,
    registered_at: at,
    updated_at: at,
  };
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

function addVersion(
  inserts: Inserts,
  at: Date,
  { jobId }: Publication,
  tableId: string,
  { rows, size_bytes, columns, warnings, extracted_at, parts }: PublishedTable,
): string {
  const id = newId('ver');
  inserts.versions.push({
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
  for (const [position, part] of parts.entries()) {
    inserts.parts.push({
      version_id: id,
      position,
      sha256: part.sha256,
      size_bytes: part.size_bytes,
      rows: part.rows,
      partition: part.partition ?? null,
      writer: part.writer,
    });
  }
  return id;
}
