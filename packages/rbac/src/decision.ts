import { createVersionCache, type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { EffectivePolicy } from './policy.ts';
import type { Principal } from './principal.ts';
import { createTableAccess, type TableAccess } from './table-access.ts';

/** The access decision. What is granted is held until `access_version` moves, so a revoke counts from the next question. */
export interface Decision {
  /** Whether a principal may read something: a member of Admin everything, anybody else what a group of theirs is granted. */
  can(principal: Principal, resourceType: string, resourceId: string): Promise<boolean>;
  /** Ids of everything of a type that the principal may read, or `all`. The same decision, for lists. */
  readable(principal: Principal, resourceType: string): Promise<ReadonlySet<string> | 'all'>;
  /** The same for all tables, with what policies leave of them. */
  tables(principal: Principal): Promise<TableAccess>;
  /** What the principal sees of a table that no group of theirs gives whole; undefined: all of it. */
  policyFor(principal: Principal, tableId: string): Promise<EffectivePolicy | undefined>;
}

/** Groups whose grants are held. */
const MOST_HELD = 4_096;

/** Ids of what is granted to a group, by resource type. */
type Granted = ReadonlyMap<string, ReadonlySet<string>>;
const NOTHING: ReadonlySet<string> = new Set();

export function createDecision(state: State): Decision {
  const held = createVersionCache<Granted>(state, 'access_version', MOST_HELD);
  const grantedTo = async (groupId: string, resourceType: string): Promise<ReadonlySet<string>> =>
    (await held(groupId, () => grantsOf(state, groupId))).get(resourceType) ?? NOTHING;
  const tables = createTableAccess(state, (groupId) => grantedTo(groupId, 'table'));

  const readable: Decision['readable'] = async (principal, resourceType) => {
    if (principal.isAdmin) return 'all';
    if (resourceType === 'table') return (await tables.of(principal)).readable;
    const granted = await Promise.all(principal.groupIds.map((id) => grantedTo(id, resourceType)));
    return new Set(granted.flatMap((ids) => [...ids]));
  };
  return {
    readable,
    tables: tables.of,
    policyFor: tables.policyFor,
    async can(principal, resourceType, resourceId) {
      const ids = await readable(principal, resourceType);
      return ids === 'all' || ids.has(resourceId);
    },
  };
}

async function grantsOf(state: State, groupId: string): Promise<Granted> {
  const { resourceGrants } = schema;
  const rows = await state.db
    .select({ type: resourceGrants.resource_type, id: resourceGrants.resource_id })
    .from(resourceGrants)
    .where(eq(resourceGrants.group_id, groupId));
  return new Map(
    [...Map.groupBy(rows, ({ type }) => type)].map(([type, ofType]) => [type, new Set(ofType.map(({ id }) => id))]),
  );
}
