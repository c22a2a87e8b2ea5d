import { type StateDatabase, schema } from '@agnes/state';

/** A group through which somebody has a resource, and what its policy takes away; null: it gives all of it. */
export interface Via {
  readonly group_id: string;
  readonly group_name: string;
  readonly policy: {
    readonly id: string;
    readonly filters_rows: boolean;
    readonly masked_columns: readonly string[];
  } | null;
}

/** Finds what the policy of a group on a table takes away; null without one. */
export type FindPolicy = (tableId: string, groupId: string) => Via['policy'];

export async function policyFinder(db: StateDatabase): Promise<FindPolicy> {
  const rows = await db.select().from(schema.tablePolicies);
  const found = new Map(
    rows.map(({ id, table_id, group_id, row_filter, column_masks }) => [
      `${table_id} ${group_id}`,
      { id, filters_rows: row_filter !== null, masked_columns: Object.keys(column_masks ?? {}).sort() },
    ]),
  );
  return (tableId, groupId) => found.get(`${tableId} ${groupId}`) ?? null;
}

/** Whether nothing of it is seen whole: no administrator, and a policy in every group. */
export const isRestricted = (isAdmin: boolean, via: readonly Via[]): boolean =>
  !isAdmin && via.every(({ policy }) => policy !== null);
