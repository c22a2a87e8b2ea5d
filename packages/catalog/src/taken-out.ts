import { type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';

const { unregisteredTables } = schema;

/** Names, lower-cased, that an administrator took out of a source and that nobody registered again. */
export async function takenOut(db: StateDatabase, source: string): Promise<string[]> {
  const rows = await db
    .select({ name: unregisteredTables.name_key })
    .from(unregisteredTables)
    .where(eq(unregisteredTables.source, source));
  return rows.map(({ name }) => name);
}
