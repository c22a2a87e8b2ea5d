import { AgnesError } from '@agnes/errors';
import { type State, schema } from '@agnes/state';
import { asc, eq } from 'drizzle-orm';
import { requireGroup } from './groups.ts';
import type { PolicyRules } from './policy.ts';
import type { ResourceTypes } from './resource-types.ts';

/** A policy, with the names of what it is about and who sees the table without one. */
export interface Policy extends PolicyRules {
  readonly id: string;
  readonly table_id: string;
  readonly table_name: string | null;
  readonly group_id: string;
  readonly group_name: string;
  /** Whether the group is granted the table. */
  readonly granted: boolean;
  /** Groups that are granted the table and have no policy on it. */
  readonly unrestricted_groups: readonly { readonly group_id: string; readonly group_name: string }[];
  readonly created_at: Date;
  readonly created_by: string | null;
  readonly updated_at: Date;
  readonly updated_by: string | null;
  readonly error: string | null;
  readonly error_at: Date | null;
}

export interface PolicyFilter {
  /** Id or name. */
  readonly table_id?: string | undefined;
  /** Id or name. */
  readonly group_id?: string | undefined;
}

interface Reading {
  readonly state: State;
  readonly types: ResourceTypes;
}

/** By table and group. Throws `table_not_found`, `group_not_found`. */
export async function listPolicies({ state, types }: Reading, filter: PolicyFilter = {}): Promise<Policy[]> {
  const table = filter.table_id === undefined ? undefined : await types.resolve('table', filter.table_id);
  const group = filter.group_id === undefined ? undefined : await requireGroup(state.db, filter.group_id);
  return selectPolicies(state, types, { tableId: table?.id, groupId: group?.id });
}

/** Throws `policy_not_found`. */
export async function getPolicy({ state, types }: Reading, id: string): Promise<Policy> {
  const [policy] = await selectPolicies(state, types, { id });
  return policy ?? policyNotFound(id);
}

async function selectPolicies(
  state: State,
  types: ResourceTypes,
  which: { id?: string | undefined; tableId?: string | undefined; groupId?: string | undefined },
): Promise<Policy[]> {
  const { tablePolicies, resourceGrants, userGroups } = schema;
  const [all, groups] = await Promise.all([
    state.db.select().from(tablePolicies).orderBy(asc(tablePolicies.table_id), asc(tablePolicies.group_id)),
    state.db.select({ id: userGroups.id, name: userGroups.name }).from(userGroups),
  ]);
  const groupNames = new Map(groups.map(({ id, name }) => [id, name]));
  const rows = all.filter(
    (row) =>
      (which.id === undefined || row.id === which.id) &&
      (which.tableId === undefined || row.table_id === which.tableId) &&
      (which.groupId === undefined || row.group_id === which.groupId),
  );
  if (rows.length === 0) return [];
  const grants = await state.db
    .select({ table_id: resourceGrants.resource_id, group_id: resourceGrants.group_id })
    .from(resourceGrants)
    .where(eq(resourceGrants.resource_type, 'table'));
  const granted = Map.groupBy(grants, ({ table_id }) => table_id);
  const limited = new Set(all.map(({ table_id, group_id }) => `${table_id} ${group_id}`));
  const names = await types.names(rows.map(({ table_id }) => ({ resource_type: 'table', resource_id: table_id })));
  return rows.map((row) => {
    const ofTable = granted.get(row.table_id) ?? [];
    return {
      ...row,
      column_masks: row.column_masks ?? {},
      table_name: names.get(`table ${row.table_id}`) ?? null,
      group_name: groupNames.get(row.group_id) ?? row.group_id,
      granted: ofTable.some(({ group_id }) => group_id === row.group_id),
      unrestricted_groups: ofTable
        .filter(({ group_id }) => !limited.has(`${row.table_id} ${group_id}`))
        .map(({ group_id }) => ({ group_id, group_name: groupNames.get(group_id) ?? group_id }))
        .sort((a, b) => (a.group_name < b.group_name ? -1 : 1)),
    };
  });
}

export function policyNotFound(id: string): never {
  throw new AgnesError('policy_not_found', `There is no policy '${id}'.`, { hint: 'agnes admin policy list' });
}
