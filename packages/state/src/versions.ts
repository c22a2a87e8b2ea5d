import { eq } from 'drizzle-orm';
import type { StateDatabase } from './database.ts';
import { settings } from './schema.ts';

/**
 * Counters that change with what readers can see: `data_version` with every publish, `access_version` with every change of
 * users, groups, grants and policies. Caches and ETags are made of them.
 */
export type VersionKey = 'data_version' | 'access_version';

/** Adds one, in the transaction of the change itself, and returns the new number. */
export async function bumpVersion(tx: StateDatabase, key: VersionKey): Promise<number> {
  const value = (await readVersion(tx, key)) + 1;
  const updated_at = new Date();
  await tx
    .insert(settings)
    .values({ key, value, updated_at })
    .onConflictDoUpdate({ target: settings.key, set: { value, updated_at } });
  return value;
}

/** The counter; 0 when nothing was counted yet. */
export async function readVersion(db: StateDatabase, key: VersionKey): Promise<number> {
  const [row] = await db.select({ value: settings.value }).from(settings).where(eq(settings.key, key));
  if (row === undefined) {
    return 0;
  }
  if (!Number.isSafeInteger(row.value)) {
    throw new Error(`settings.${key} holds ${JSON.stringify(row.value)}, not a counter.`);
  }
  return Number(row.value);
}
