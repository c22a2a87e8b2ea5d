import { newId, type StateDatabase, schema } from '@agnes/state';
import { desc, eq, inArray } from 'drizzle-orm';
import type { PublishedTable } from './publication.ts';

const { syncHistory } = schema;

/** Runs that are kept of each table. */
const KEPT = 100;

/** Notes that a table was really extracted, and forgets its oldest runs. */
export async function recordSync(
  tx: StateDatabase,
  tableId: string,
  at: Date,
  jobId: string | undefined,
  { rows, durationMs }: PublishedTable,
): Promise<void> {
  const before = await tx
    .select({ id: syncHistory.id })
    .from(syncHistory)
    .where(eq(syncHistory.table_id, tableId))
    .orderBy(desc(syncHistory.synced_at), desc(syncHistory.id));
  const surplus = before.slice(KEPT - 1).map(({ id }) => id);
  if (surplus.length > 0) await tx.delete(syncHistory).where(inArray(syncHistory.id, surplus));
  await tx.insert(syncHistory).values({
    id: newId(),
    table_id: tableId,
    job_id: jobId ?? null,
    synced_at: at,
    rows,
    duration_ms: durationMs ?? null,
    status: 'ok',
    error: null,
  });
}
