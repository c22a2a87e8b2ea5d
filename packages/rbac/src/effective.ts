import { type State, schema } from '@agnes/state';
import { asc, eq, inArray } from 'drizzle-orm';
import { groupsOf, isAdmin } from './members.ts';
import { getPerson } from './people.ts';
import type { ResourceTypes } from './resource-types.ts';

export interface EffectiveAccess {
  readonly is_admin: boolean;
  /** Explicit grants only: what Admin implies is not listed. */
  readonly items: {
    resource_type: string;
    resource_id: string;
    resource_name: string | null;
    via_groups: { group_id: string; group_name: string }[];
  }[];
}

/** What is granted to a person (id or e-mail address), and by way of which groups. Throws `user_not_found`. */
export async function effectiveAccess(state: State, types: ResourceTypes, user: string): Promise<EffectiveAccess> {
  const person = await getPerson(state.db, user);
  if (!person.active) return { is_admin: false, items: [] };
  const groups = await groupsOf(state, person.id);
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
  const names = await types.names(rows);
  const items = new Map<string, EffectiveAccess['items'][number]>();
  for (const { resource_type, resource_id, ...group } of rows) {
    const key = `${resource_type} ${resource_id}`;
    const item = items.get(key) ?? {
      resource_type,
      resource_id,
      resource_name: names.get(key) ?? null,
      via_groups: [],
    };
    item.via_groups.push(group);
    items.set(key, item);
  }
  return { is_admin: isAdmin(groups), items: [...items.values()] };
}
