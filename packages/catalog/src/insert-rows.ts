import type { StateDatabase } from '@agnes/state';
import type { PgTable } from 'drizzle-orm/pg-core';

/** Rows in one statement. */
const BATCH = 500;

/** Inserts rows a few hundred at a time: a statement costs more than a row, and everybody else's writes wait meanwhile. */
export async function insertRows<T extends PgTable>(
  tx: StateDatabase,
  into: T,
  rows: readonly T['$inferInsert'][],
): Promise<void> {
  for (let at = 0; at < rows.length; at += BATCH) {
    await tx.insert(into).values(rows.slice(at, at + BATCH) as T['$inferInsert'][]);
  }
}
