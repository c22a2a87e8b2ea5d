import { messageOf } from '@agnes/errors';
import { type State, schema } from '@agnes/state';
import { desc } from 'drizzle-orm';

export interface StateHealth {
  readonly status: 'ok' | 'unhealthy';
  readonly db_schema: 'ok' | 'mismatch' | 'unreachable';
  readonly current: string | null;
  readonly expected: string;
  readonly detail?: string;
}

const PATIENCE_MS = 5000;

/** The newest step of the migration ladder that the state database has taken. */
export async function schemaVersion(state: Pick<State, 'db'>): Promise<string> {
  const { schemaMigrations } = schema;
  const [newest] = await state.db
    .select({ id: schemaMigrations.id })
    .from(schemaMigrations)
    .orderBy(desc(schemaMigrations.id))
    .limit(1);
  return newest?.id ?? '';
}

/** Asks the state database for its schema version, and compares it with what this process opened. Never throws. */
export async function checkState(state: Pick<State, 'db'>, expected: string): Promise<StateHealth> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`It did not answer in ${PATIENCE_MS} ms.`)), PATIENCE_MS);
  try {
    const current = await Promise.race([schemaVersion(state), late.promise]);
    if (current === expected) return { status: 'ok', db_schema: 'ok', current, expected };
    return { status: 'unhealthy', db_schema: 'mismatch', current, expected };
  } catch (error) {
    const detail = `The state database cannot be read: ${messageOf(error)}`;
    return { status: 'unhealthy', db_schema: 'unreachable', current: null, expected, detail };
  } finally {
    clearTimeout(timer);
  }
}
