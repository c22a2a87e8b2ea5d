import { readVersion, type State, type StateDatabase, schema } from '@agnes/state';
import { asc } from 'drizzle-orm';
import { nameKey } from './names.ts';
import { selectTables } from './registry-rows.ts';
import type { RegisteredTable } from './table.ts';
import type { TableVersion, VersionCache } from './versions.ts';

/** A table with data. */
export interface CurrentTable {
  readonly table: RegisteredTable;
  readonly version: TableVersion;
}

/** A blob that stands in a retained version. */
export interface RetainedBlob {
  readonly size_bytes: number;
  /** Tables whose files may leave the server. */
  readonly tables: ReadonlySet<string>;
}

/** What readers can see, at one data version. */
export interface Snapshot {
  readonly dataVersion: number;
  /** By id, in the order of their names. How their last sync went may be older than the rest: see `lookup.ts`. */
  readonly tables: ReadonlyMap<string, RegisteredTable>;
  /** Ids by lower-case name. */
  readonly ids: ReadonlyMap<string, string>;
  /** Tables with a current version, by id, in the order of their names. */
  readonly current: ReadonlyMap<string, CurrentTable>;
  readonly blobs: ReadonlyMap<string, RetainedBlob>;
}

/** Why a table does not travel to laptops; undefined when it does. */
export function serverOnlyReason({ query_mode }: RegisteredTable): string | undefined {
  return query_mode === 'remote' ? 'The data stays where it is: query it through the server.' : undefined;
}

/** Gives the snapshot of the data version that the state has now, and reads one only when that changed. */
export function snapshots(state: State, versions: VersionCache): () => Promise<Snapshot> {
  let held: Snapshot | undefined;
  let loading: { readonly dataVersion: number; readonly snapshot: Promise<Snapshot> } | undefined;

  return async () => {
    const dataVersion = await state.version('data_version');
    if (held?.dataVersion === dataVersion) return held;
    if (loading === undefined || loading.dataVersion < dataVersion) {
      const snapshot = state.db.transaction((tx) => read(tx, versions));
      loading = { dataVersion, snapshot };
      const done = (): void => {
        if (loading?.snapshot === snapshot) loading = undefined;
      };
      snapshot.then((loaded) => {
        if (held === undefined || loaded.dataVersion >= held.dataVersion) held = loaded;
        done();
      }, done);
    }
    return loading.snapshot;
  };
}

async function read(tx: StateDatabase, versions: VersionCache): Promise<Snapshot> {
  const { tableVersions } = schema;
  const dataVersion = await readVersion(tx, 'data_version');
  const tables = await selectTables(tx);
  const byId = new Map(tables.map((table) => [table.id, table]));
  const kept = await tx.select({ id: tableVersions.id }).from(tableVersions).orderBy(asc(tableVersions.id));
  const retained = await versions.load(
    tx,
    kept.map(({ id }) => id),
  );
  versions.keep(kept.map(({ id }) => id));

  const byVersion = new Map(retained.map((version) => [version.id, version]));
  const current = new Map<string, CurrentTable>();
  for (const table of tables) {
    const version = table.current_version === null ? undefined : byVersion.get(table.current_version);
    if (version !== undefined) current.set(table.id, { table, version });
  }

  const blobs = new Map<string, { size_bytes: number; tables: Set<string> }>();
  for (const { table_id, parts } of retained) {
    const table = byId.get(table_id);
    if (table === undefined || serverOnlyReason(table) !== undefined) continue;
    for (const { sha256, size_bytes } of parts) {
      const blob = blobs.get(sha256) ?? { size_bytes, tables: new Set<string>() };
      blob.tables.add(table_id);
      blobs.set(sha256, blob);
    }
  }
  return { dataVersion, tables: byId, ids: new Map(tables.map(({ id, name }) => [nameKey(name), id])), current, blobs };
}
