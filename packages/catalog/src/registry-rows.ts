import { type StateDatabase, schema } from '@agnes/state';
import { asc, eq, inArray, or, type SQL } from 'drizzle-orm';
import * as v from 'valibot';
import { nameKey } from './names.ts';
import { storedColumnTypes, storedKey } from './stored-json.ts';
import type { QueryMode, RegisteredTable, SyncStrategy, TableDefinition } from './table.ts';

const { tableRegistry, syncState, tableVersions } = schema;

/** Registered tables by name, all of them or those that `which` selects. */
export async function selectTables(db: StateDatabase, which?: SQL): Promise<RegisteredTable[]> {
  const rows = await db
    .select({
      table: tableRegistry,
      state: syncState,
      rows: tableVersions.rows,
      size_bytes: tableVersions.size_bytes,
    })
    .from(tableRegistry)
    .leftJoin(syncState, eq(syncState.table_id, tableRegistry.id))
    .leftJoin(tableVersions, eq(tableVersions.id, syncState.current_version))
    .where(which)
    .orderBy(asc(tableRegistry.name_key));
  return rows.map(({ table: { name_key: _, ...table }, state, rows: count, size_bytes }) => ({
    ...table,
    query_mode: table.query_mode as QueryMode,
    sync_strategy: table.sync_strategy as SyncStrategy,
    primary_key: v.parse(storedKey, table.primary_key),
    column_types: v.parse(storedColumnTypes, table.column_types),
    last_sync: state?.last_sync ?? null,
    last_sync_status: (state?.status ?? 'never') as RegisteredTable['last_sync_status'],
    last_sync_error: state?.error ?? null,
    error_code: state?.error_code ?? null,
    current_version: state?.current_version ?? null,
    rows: count,
    size_bytes,
  }));
}

/** The table with this id, or else with this name in any case. */
export async function findTable(db: StateDatabase, idOrName: string): Promise<RegisteredTable | undefined> {
  const found = await selectTables(
    db,
    or(eq(tableRegistry.id, idOrName), eq(tableRegistry.name_key, nameKey(idOrName))),
  );
  return found.find(({ id }) => id === idOrName) ?? found[0];
}

export function definitionOf(table: RegisteredTable): TableDefinition {
  const { name, source, source_type, bucket, source_table, source_query, query_mode, sync_strategy } = table;
  const { sync_schedule, primary_key, column_types, folder, description } = table;
  return {
    ...{ name, source, source_type, bucket, source_table, source_query, query_mode, sync_strategy },
    ...{ sync_schedule, primary_key, column_types, folder, description },
  };
}

/** Which of these texts are ids of tables. */
export async function idsAmong(db: StateDatabase, texts: readonly string[]): Promise<Set<string>> {
  if (texts.length === 0) return new Set();
  const rows = await db
    .select({ id: tableRegistry.id })
    .from(tableRegistry)
    .where(inArray(tableRegistry.id, [...texts]));
  return new Set(rows.map(({ id }) => id));
}
