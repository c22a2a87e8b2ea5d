import { createVersionCache, type State, schema } from '@agnes/state';
import { and, eq, inArray } from 'drizzle-orm';
import type { Principal } from './principal.ts';

/** The access decision. What is granted is held until `access_version` moves, so a revoke counts from the next question. */
export interface Decision {
  /** Whether a principal may read something: a member of Admin everything, anybody else what a group of theirs is granted. */
  can(principal: Principal, resourceType: string, resourceId: string): Promise<boolean>;
  /** Ids of everything of a type that the principal may read, or `all`. The same decision, for lists. */
  readable(principal: Principal, resourceType: string): Promise<ReadonlySet<string> | 'all'>;
}

/** Sets of groups whose grants are held; people share them. */
const MOST_HELD = 256;

export function createDecision(state: State): Decision {
  const granted = createVersionCache<ReadonlySet<string>>(state, 'access_version', MOST_HELD);

  const readable: Decision['readable'] = async (principal, resourceType) => {
    if (principal.isAdmin) return 'all';
    const groups = [...principal.groupIds].sort();
    return granted(JSON.stringify([resourceType, groups]), () => grantedTo(state, groups, resourceType));
  };
  return {
    readable,
    async can(principal, resourceType, resourceId) {
      const ids = await readable(principal, resourceType);
      return ids === 'all' || ids.has(resourceId);
    },
  };
}

async function grantedTo(state: State, groups: readonly string[], resourceType: string): Promise<Set<string>> {
  const { resourceGrants } = schema;
  if (groups.length === 0) return new Set();
  const rows = await state.db
    .selectDistinct({ id: resourceGrants.resource_id })
    .from(resourceGrants)
    .where(and(eq(resourceGrants.resource_type, resourceType), inArray(resourceGrants.group_id, [...groups])));
  return new Set(rows.map(({ id }) => id));
}
