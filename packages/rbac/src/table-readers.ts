import { type State, schema } from '@agnes/state';
import { and, asc, eq } from 'drizzle-orm';
import { listGroups } from './groups.ts';
import { isAdmin, membershipsByUser } from './groups-of.ts';
import { isRestricted, policyFinder, type Via } from './reasons.ts';
import type { ResourceTypes } from './resource-types.ts';

/** Who may read a table, and why. */
export interface TableReaders {
  readonly table_id: string;
  readonly name: string;
  readonly groups: readonly (Via & { readonly member_count: number })[];
  /** Active accounts, by e-mail address. */
  readonly people: readonly {
    readonly user_id: string;
    readonly email: string;
    readonly name: string | null;
    readonly is_admin: boolean;
    readonly restricted: boolean;
    readonly via_groups: readonly Via[];
  }[];
}

/** Who may read the table with this id or name. Throws `table_not_found`. */
export async function tableReaders(state: State, types: ResourceTypes, idOrName: string): Promise<TableReaders> {
  const table = await types.resolve('table', idOrName);
  const { resourceGrants, users } = schema;
  const [grants, groups, people, memberships, policyOf] = await Promise.all([
    state.db
      .select({ group_id: resourceGrants.group_id })
      .from(resourceGrants)
      .where(and(eq(resourceGrants.resource_type, 'table'), eq(resourceGrants.resource_id, table.id))),
    listGroups(state),
    state.db.select().from(users).where(eq(users.active, true)).orderBy(asc(users.email)),
    membershipsByUser(state),
    policyFinder(state.db),
  ]);
  const granted = new Set(grants.map(({ group_id }) => group_id));
  const viaOf = (group: { readonly id: string; readonly name: string }): Via => ({
    group_id: group.id,
    group_name: group.name,
    policy: policyOf(table.id, group.id),
  });
  return {
    table_id: table.id,
    name: table.name,
    groups: groups
      .filter(({ id }) => granted.has(id))
      .map((group) => ({ ...viaOf(group), member_count: group.member_count })),
    people: people.flatMap(({ id, email, name }) => {
      const own = memberships.get(id) ?? [];
      const is_admin = isAdmin(own);
      const via_groups = own.filter((group) => granted.has(group.id)).map(viaOf);
      if (!is_admin && via_groups.length === 0) return [];
      return [{ user_id: id, email, name, is_admin, restricted: isRestricted(is_admin, via_groups), via_groups }];
    }),
  };
}
