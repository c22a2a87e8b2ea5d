import { type State, schema } from '@agnes/state';
import { inArray } from 'drizzle-orm';
import { nameKey } from './names.ts';
import type { Snapshot } from './snapshot.ts';
import type { RegisteredTable } from './table.ts';

const { syncState } = schema;

/** Ids in one statement; of more, all rows are read. */
const MOST_IDS = 20;

/** Finds tables in what is held in memory. Only how their last sync went is read anew: that is no change of the data. */
export interface Lookup {
  /** The id that an id or a name means. Costs the same whether there is such a table or not. */
  idOf(idOrName: string): Promise<string | undefined>;
  find(idOrName: string): Promise<RegisteredTable | undefined>;
  /** By name; all of them, or those with these ids. */
  list(ids: ReadonlySet<string> | 'all'): Promise<RegisteredTable[]>;
}

export function lookup(state: State, snapshot: () => Promise<Snapshot>): Lookup {
  return {
    async idOf(idOrName) {
      const { tables, ids } = await snapshot();
      return tables.has(idOrName) ? idOrName : ids.get(nameKey(idOrName));
    },
    async find(idOrName) {
      const { tables, ids } = await snapshot();
      const table = tables.get(idOrName) ?? tables.get(ids.get(nameKey(idOrName)) ?? '');
      return table === undefined ? undefined : (await withLastSync(state, [table]))[0];
    },
    async list(ids) {
      const { tables } = await snapshot();
      return withLastSync(
        state,
        [...tables.values()].filter(({ id }) => ids === 'all' || ids.has(id)),
      );
    },
  };
}

async function withLastSync(state: State, tables: readonly RegisteredTable[]): Promise<RegisteredTable[]> {
  if (tables.length === 0) return [];
  const { table_id, last_sync, status, error, error_code } = syncState;
  const ids = tables.map(({ id }) => id);
  const rows = await state.db
    .select({ table_id, last_sync, status, error, error_code })
    .from(syncState)
    .where(ids.length > MOST_IDS ? undefined : inArray(table_id, ids));
  const byId = new Map(rows.map((row) => [row.table_id, row]));
  return tables.map((table) => {
    const row = byId.get(table.id);
    return {
      ...table,
      last_sync: row?.last_sync ?? null,
      last_sync_status: (row?.status ?? 'never') as RegisteredTable['last_sync_status'],
      last_sync_error: row?.error ?? null,
      error_code: row?.error_code ?? null,
    };
  });
}
