import type { Block, ResourceType } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
import { inArray } from 'drizzle-orm';
import { findTable, selectTables } from './registry-rows.ts';

/** Tables, as something that can be granted. */
export function tableResourceType(state: State): ResourceType {
  return {
    key: 'table',
    display_name: 'Table',
    description: 'A registered table: its rows, its files and what is known of it.',
    id_format: 'tbl_…',
    async resolve(idOrName) {
      const table = await findTable(state.db, idOrName);
      return table === undefined ? undefined : { id: table.id, name: table.name };
    },
    async listBlocks(): Promise<Block[]> {
      const byBucket = Map.groupBy(await selectTables(state.db), ({ bucket }) => bucket ?? '(no bucket)');
      return [...byBucket]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, tables]) => ({
          name,
          items: tables.map((table) => ({
            resource_id: table.id,
            name: table.name,
            category: table.query_mode,
            source_type: table.source_type,
            description: table.description,
          })),
        }));
    },
    async names(ids) {
      if (ids.length === 0) return new Map();
      const tables = await selectTables(state.db, inArray(schema.tableRegistry.id, [...ids]));
      return new Map(tables.map(({ id, name }) => [id, name]));
    },
  };
}
