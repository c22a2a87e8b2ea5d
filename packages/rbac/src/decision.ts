import { type State, schema } from '@agnes/state';
import { and, eq, inArray } from 'drizzle-orm';
import type { Principal } from './principal.ts';

/**
 * The access decision: a member of Admin may read everything, anybody else what is granted to one of their groups. Read
 * from the database each time, so that a grant or a revoke counts from the very next question.
 */
export async function can(
  state: State,
  principal: Principal,
  resourceType: string,
  resourceId: string,
): Promise<boolean> {
  if (principal.isAdmin) return true;
  const rows = await grantedTo(state, principal, resourceType, resourceId);
  return rows.length > 0;
}

/** Ids of everything of a type that the principal may read, or `all`. The same decision as {@link can}, for lists. */
export async function readable(
  state: State,
  principal: Principal,
  resourceType: string,
): Promise<ReadonlySet<string> | 'all'> {
  if (principal.isAdmin) return 'all';
  const rows = await grantedTo(state, principal, resourceType);
  return new Set(rows.map(({ id }) => id));
}

async function grantedTo(
  state: State,
  principal: Principal,
  resourceType: string,
  resourceId?: string,
): Promise<{ id: string }[]> {
  const { resourceGrants } = schema;
  if (principal.groupIds.length === 0) return [];
  return state.db
    .selectDistinct({ id: resourceGrants.resource_id })
    .from(resourceGrants)
    .where(
      and(
        eq(resourceGrants.resource_type, resourceType),
        inArray(resourceGrants.group_id, [...principal.groupIds]),
        resourceId === undefined ? undefined : eq(resourceGrants.resource_id, resourceId),
      ),
    );
}
