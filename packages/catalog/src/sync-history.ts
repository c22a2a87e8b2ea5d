import { newId, type StateDatabase, schema } from '@agnes/state';
import { desc, inArray } from 'drizzle-orm';
import { insertRows } from './insert-rows.ts';

const { syncHistory } = schema;

/** Runs that are kept of each table. */
const KEPT = 100;

/** A table was really extracted. */
export interface SyncRun {
  readonly table_id: string;
  readonly job_id: string | null;
  readonly synced_at: Date;
  readonly rows: number;
  readonly duration_ms: number | null;
}

/** Notes runs of different tables, and forgets the oldest ones of those tables. */
export async function recordSyncs(tx: StateDatabase, runs: readonly SyncRun[]): Promise<void> {
  if (runs.length === 0) return;
  const before = await tx
    .select({ id: syncHistory.id, table_id: syncHistory.table_id })
    .from(syncHistory)
    .where(
      inArray(
        syncHistory.table_id,
        runs.map(({ table_id }) => table_id),
      ),
    )
    .orderBy(desc(syncHistory.synced_at), desc(syncHistory.id));
  const surplus = [...Map.groupBy(before, ({ table_id }) => table_id).values()].flatMap((ofTable) =>
    ofTable.slice(KEPT - 1).map(({ id }) => id),
  );
  if (surplus.length > 0) await tx.delete(syncHistory).where(inArray(syncHistory.id, surplus));
  await insertRows(
    tx,
    syncHistory,
    runs.map((run) => ({ ...run, id: newId(), status: 'ok', error: null })),
  );
}
