import type { Access, Principal } from '@agnes/rbac';
import { nameKey } from './names.ts';
import type { Snapshot } from './snapshot.ts';
import type { RegisteredTable } from './table.ts';
import type { TableVersion } from './versions.ts';

/** A table at one moment. */
export interface TableNow {
  readonly table: RegisteredTable;
  /** Undefined while nothing is published. */
  readonly version: TableVersion | undefined;
}

/** All that somebody may read, at one moment: tables that are looked up in it are of one state of the data. */
export interface ReadableNow {
  /** By name, without regard to case. Undefined for what is unknown and for what is forbidden. */
  table(name: string): TableNow | undefined;
  /** Every name, in order. */
  names(): string[];
}

export function readableNow(access: Access, snapshot: () => Promise<Snapshot>) {
  return async (principal: Principal): Promise<ReadableNow> => {
    const readable = await access.readable(principal, 'table');
    const { tables, ids, current } = await snapshot();
    const mayRead = (id: string): boolean => readable === 'all' || readable.has(id);
    return {
      table(name) {
        const table = tables.get(ids.get(nameKey(name)) ?? '');
        if (table === undefined || !mayRead(table.id)) return undefined;
        return { table, version: current.get(table.id)?.version };
      },
      names: () => [...tables.values()].flatMap(({ id, name }) => (mayRead(id) ? name : [])),
    };
  };
}
