import { type State, schema } from '@agnes/state';
import { asc, eq, inArray } from 'drizzle-orm';
import { groupsOf, isAdmin } from './groups-of.ts';
import { getPerson } from './people.ts';
import { isRestricted, policyFinder, type Via } from './reasons.ts';
import type { ResourceTypes } from './resource-types.ts';

export interface EffectiveAccess {
  readonly is_admin: boolean;
  /** Explicit grants only: what Admin implies is not listed. */
  readonly items: readonly {
    readonly resource_type: string;
    readonly resource_id: string;
    readonly resource_name: string | null;
    /** Whether the person sees a part of it only. */
    readonly restricted: boolean;
    readonly via_groups: readonly Via[];
  }[];
}

/** What is granted to a person (id or e-mail address), and by way of which groups. Throws `user_not_found`. */
export async function effectiveAccess(state: State, types: ResourceTypes, user: string): Promise<EffectiveAccess> {
  const person = await getPerson(state.db, user);
  if (!person.active) return { is_admin: false, items: [] };
  const groups = await groupsOf(state, person.id);
  const is_admin = isAdmin(groups);
  const { resourceGrants, userGroups } = schema;
  const rows = await state.db
    .select({
      resource_type: resourceGrants.resource_type,
      resource_id: resourceGrants.resource_id,
      group_id: userGroups.id,
      group_name: userGroups.name,
    })
    .from(resourceGrants)
    .innerJoin(userGroups, eq(userGroups.id, resourceGrants.group_id))
    .where(
      inArray(
        resourceGrants.group_id,
        groups.map(({ id }) => id),
      ),
    )
    .orderBy(asc(resourceGrants.resource_type), asc(resourceGrants.resource_id), asc(userGroups.name));
  const [names, policyOf] = await Promise.all([types.names(rows), policyFinder(state.db)]);
  const byResource = Map.groupBy(rows, ({ resource_type, resource_id }) => `${resource_type} ${resource_id}`);
  const items = [...byResource].flatMap(([key, [first, ...more]]) => {
    if (first === undefined) return [];
    const { resource_type, resource_id } = first;
    const via_groups = [first, ...more].map(({ group_id, group_name }) => ({
      group_id,
      group_name,
      policy: resource_type === 'table' ? policyOf(resource_id, group_id) : null,
    }));
    const restricted = isRestricted(is_admin, via_groups);
    return [{ resource_type, resource_id, resource_name: names.get(key) ?? null, restricted, via_groups }];
  });
  return { is_admin, items };
}
