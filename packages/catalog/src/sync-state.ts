import type { ErrorCode } from '@agnes/errors';
import { type StateDatabase, schema } from '@agnes/state';
import { sql } from 'drizzle-orm';
import type { AcceptedTable, FailedTable } from './publish-plan.ts';
import type { SyncRun } from './sync-history.ts';

const { syncState } = schema;

export type SyncStateRow = typeof syncState.$inferSelect;

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

interface Synced {
  /** Undefined when the row stays as it is. */
  readonly state?: SyncStateRow;
  /** Undefined unless the table was really extracted. */
  readonly sync?: Omit<SyncRun, 'job_id'>;
}

/** What a published table's sync state becomes. `last_sync` moves only when the table was extracted since. */
export function syncOf({ row, published, same }: AcceptedTable, id: string, version: string, at: Date): Synced {
  const before = row?.last_sync ?? null;
  // A clock that runs ahead must not make a table look fresh for ever.
  const extracted = published.extracted_at ?? (same === undefined ? at : null);
  const last = extracted === null ? null : new Date(Math.min(extracted.getTime(), at.getTime()));
  const anew = last !== null && (before === null || last > before) ? last : undefined;
  const stillFailed =
    row?.last_sync_status === 'error' &&
    same !== undefined &&
    anew === undefined &&
    !PUBLISH_ERRORS.has(row.error_code ?? '');
  if (same !== undefined && anew === undefined && (row?.last_sync_status === 'ok' || stillFailed)) return {};
  const state: SyncStateRow = {
    table_id: id,
    current_version: version,
    last_sync: anew ?? before,
    status: 'ok',
    error_code: null,
    error: null,
    updated_at: at,
  };
  if (anew === undefined) return { state };
  const { rows, durationMs } = published;
  return { state, sync: { table_id: id, synced_at: anew, rows, duration_ms: durationMs ?? null } };
}

export async function saveSyncStates(tx: StateDatabase, rows: readonly SyncStateRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) {
    await tx
      .insert(syncState)
      .values(rows.slice(from, from + BATCH))
      .onConflictDoUpdate({ target: syncState.table_id, set: AS_INSERTED });
  }
}

const BATCH = 500;

const AS_INSERTED = {
  current_version: sql`excluded.current_version`,
  last_sync: sql`excluded.last_sync`,
  status: sql`excluded.status`,
  error_code: sql`excluded.error_code`,
  error: sql`excluded.error`,
  updated_at: sql`excluded.updated_at`,
};

/** Failed tables keep their version and the time of their last good run. */
export async function saveFailures(tx: StateDatabase, at: Date, failed: readonly FailedTable[]): Promise<void> {
  for (const { row, code, message } of failed) {
    const error = { status: 'error', error_code: code, error: message, updated_at: at };
    await tx
      .insert(syncState)
      .values({ table_id: row.id, ...error })
      .onConflictDoUpdate({ target: syncState.table_id, set: error });
  }
}
