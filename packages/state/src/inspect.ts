import { existsSync } from 'node:fs';
import { AgnesError } from '@agnes/errors';
import { asc } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import { checkCatalog } from './check-catalog.ts';
import type { StateDatabase } from './database.ts';
import { type OpenEngine, openEngine, type StateLocation } from './location.ts';
import { checkTaken } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import * as schema from './schema.ts';

export interface StateReport {
  readonly engine: 'duckdb' | 'postgres';
  /** Steps of the ladder that the next start of this release would take. */
  readonly pending: readonly string[];
  /** By table: how many rows it has; all were read. */
  readonly rows: ReadonlyMap<string, number>;
}

/**
 * Looks a state database over and changes nothing: the steps it has taken and their hashes, the real catalog, and every row
 * of every table. Needs the lock: no server may run. Throws what `openState` throws, and `not_found` where there is none.
 */
export async function inspectState(location: StateLocation): Promise<StateReport> {
  const opened = await openPresent(location);
  try {
    const pending = await pendingSteps(opened);
    const rows = new Map<string, number>();
    if (pending.length === 0) {
      await checkCatalog(opened.engine.db, Object.values(schema));
      await opened.engine.db.transaction(async (tx) => {
        for (const table of STATE_TABLES) rows.set(tableName(table), (await readAll(tx, table)).length);
      });
    }
    return { engine: opened.kind, pending, rows };
  } finally {
    await opened.release();
  }
}

/** Opens a state database that is there already, without climbing its ladder. */
export async function openPresent(location: StateLocation): Promise<OpenEngine> {
  if (location.url === undefined && location.path !== undefined && !existsSync(location.path)) {
    throw new AgnesError('not_found', `There is no state database ${location.path}.`, {
      hint: 'Look at DATA_DIR and STATE_DIR: a server that was started there has one.',
    });
  }
  return openEngine(location, new Date());
}

/** The steps that are still to be taken; refuses what is no state database, and one of another release. */
export async function pendingSteps({ engine }: OpenEngine): Promise<string[]> {
  const { rows } = await engine.db.execute(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_migrations'",
  );
  if (rows.length === 0) {
    throw new AgnesError('not_found', 'The database holds no state.', {
      hint: 'A server that is started on it begins one.',
    });
  }
  const taken = await engine.db.select().from(schema.schemaMigrations).orderBy(asc(schema.schemaMigrations.id));
  taken.forEach((step, index) => {
    checkTaken(step, migrations[index]);
  });
  return migrations.slice(taken.length).map((step) => step.id);
}

/** Every table but the ladder's own. */
export const STATE_TABLES: readonly PgTable[] = Object.values(schema).filter(
  (table) => table !== schema.schemaMigrations,
);

export function tableName(table: PgTable): string {
  return getTableConfig(table).name;
}

export function readAll(db: StateDatabase, table: PgTable): Promise<Record<string, unknown>[]> {
  return db.select().from(table);
}
