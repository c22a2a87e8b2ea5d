import { type ColumnEntry, type PublishWarning, type StateDatabase, schema } from '@agnes/state';
import { asc, eq, inArray } from 'drizzle-orm';
import * as v from 'valibot';
import { storedColumns, storedWarnings } from './stored-json.ts';

export interface VersionPart {
  readonly sha256: string;
  readonly size_bytes: number;
  readonly rows: number;
  readonly partition: string | null;
  readonly writer: string;
}

/** What a table was at one moment: an ordered list of parts. It never changes. */
export interface TableVersion {
  readonly id: string;
  readonly table_id: string;
  readonly created_at: Date;
  readonly rows: number;
  readonly size_bytes: number;
  readonly columns: readonly ColumnEntry[];
  readonly parts: readonly VersionPart[];
  readonly warnings: readonly PublishWarning[];
  readonly extracted_at: Date | null;
}

/** Ids in one statement. */
const BATCH = 500;

/** Versions by id. They never change, so those that were read once are kept while they exist. */
export class VersionCache {
  #versions = new Map<string, TableVersion>();

  /** The versions with these ids, in no order; ids that are not there are left out. */
  async load(db: StateDatabase, ids: readonly string[]): Promise<TableVersion[]> {
    const found = ids.flatMap((id) => this.#versions.get(id) ?? []);
    const missing = ids.filter((id) => !this.#versions.has(id));
    for (let at = 0; at < missing.length; at += BATCH) {
      for (const version of await read(db, missing.slice(at, at + BATCH))) {
        this.#versions.set(version.id, version);
        found.push(version);
      }
    }
    return found;
  }

  /** Forgets all others. */
  keep(ids: Iterable<string>): void {
    const kept = new Set(ids);
    this.#versions = new Map([...this.#versions].filter(([id]) => kept.has(id)));
  }
}

async function read(db: StateDatabase, ids: readonly string[]): Promise<TableVersion[]> {
  const { tableVersions, tableParts } = schema;
  const rows = await db
    .select()
    .from(tableVersions)
    .where(inArray(tableVersions.id, [...ids]));
  const parts = await db
    .select()
    .from(tableParts)
    .where(inArray(tableParts.version_id, [...ids]))
    .orderBy(asc(tableParts.version_id), asc(tableParts.position));
  const byVersion = Map.groupBy(parts, (part) => part.version_id);
  return rows.map(({ job_id: _, ...version }) => ({
    ...version,
    columns: v.parse(storedColumns, version.columns),
    warnings: v.parse(storedWarnings, version.warnings),
    parts: (byVersion.get(version.id) ?? []).map(({ version_id: _version, position: _position, ...part }) => part),
  }));
}

/** Takes versions of a table away, all of them or those named. */
export async function deleteVersions(tx: StateDatabase, tableId: string, ids?: readonly string[]): Promise<void> {
  const { tableVersions, tableParts } = schema;
  const doomed =
    ids ??
    (await tx.select({ id: tableVersions.id }).from(tableVersions).where(eq(tableVersions.table_id, tableId))).map(
      ({ id }) => id,
    );
  for (let at = 0; at < doomed.length; at += BATCH) {
    const batch = doomed.slice(at, at + BATCH);
    await tx.delete(tableParts).where(inArray(tableParts.version_id, batch));
    await tx.delete(tableVersions).where(inArray(tableVersions.id, batch));
  }
}
