import { type State, schema } from '@agnes/state';
import { deleteVersions } from './versions.ts';

const { tableVersions, tableParts, syncState, publishedFiles } = schema;

export interface Retention {
  /** The newest versions of each table that are kept whatever their age; the current one is among them. */
  readonly keepVersions: number;
  /** A version is kept this long after another one took its place, so that a pull may end on what it began. */
  readonly keepHours: number;
}

interface VersionRow {
  readonly id: string;
  readonly table_id: string;
  readonly created_at: Date;
}

/** Forgets old versions. Their files go with the next sweep of the blobs. What readers see does not change. */
export async function prune(state: State, retention: Retention, now: Date): Promise<{ versions: number }> {
  return state.write(async (tx) => {
    const rows: VersionRow[] = await tx
      .select({ id: tableVersions.id, table_id: tableVersions.table_id, created_at: tableVersions.created_at })
      .from(tableVersions);
    const states = await tx.select().from(syncState);
    const current = new Map(states.map((row) => [row.table_id, row]));
    let versions = 0;
    for (const [tableId, ofTable] of Map.groupBy(rows, (row) => row.table_id)) {
      const { current_version = null, updated_at } = current.get(tableId) ?? {};
      const doomed = outdated(ofTable, current_version, updated_at ?? new Date(0), retention, now);
      if (doomed.length === 0) continue;
      await deleteVersions(tx, tableId, doomed);
      versions += doomed.length;
    }
    return { versions };
  });
}

/** `withdrawnAt` counts when no version is current: that is since when the newest one is not seen. */
function outdated(
  versions: readonly VersionRow[],
  current: string | null,
  withdrawnAt: Date,
  { keepVersions, keepHours }: Retention,
  now: Date,
): string[] {
  const newest = versions.toSorted((a, b) => b.created_at.getTime() - a.created_at.getTime() || (a.id < b.id ? 1 : -1));
  const horizon = now.getTime() - keepHours * 3_600_000;
  return newest
    .filter((version, index) => {
      const replacedAt = newest[index - 1]?.created_at ?? withdrawnAt;
      return version.id !== current && index >= keepVersions && replacedAt.getTime() <= horizon;
    })
    .map(({ id }) => id);
}

/** Blobs that are in use: those of every retained version, and those that stand for a source's files. */
export async function liveBlobs(state: State): Promise<Set<string>> {
  return state.db.transaction(async (tx) => {
    const parts = await tx.selectDistinct({ sha256: tableParts.sha256 }).from(tableParts);
    const files = await tx.selectDistinct({ sha256: publishedFiles.sha256 }).from(publishedFiles);
    return new Set([...parts, ...files].map(({ sha256 }) => sha256));
  });
}
