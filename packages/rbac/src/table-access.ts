import { createVersionCache, type State, schema } from '@agnes/state';
import { eq, inArray } from 'drizzle-orm';
import { type CallerAttributes, type EffectivePolicy, effectivePolicy, type PolicyBranch } from './policy.ts';
import type { Principal } from './principal.ts';

/** What a person may read of all tables. The same object as long as that is so, and for everybody for whom it is the same. */
export interface TableAccess {
  readonly readable: ReadonlySet<string> | 'all';
  /** Of these tables, by id, those that the person sees a part of only. */
  readonly policies: ReadonlyMap<string, EffectivePolicy>;
}

export interface TableAccessDecision {
  of(principal: Principal): Promise<TableAccess>;
  policyFor(principal: Principal, tableId: string): Promise<EffectivePolicy | undefined>;
}

/** Sets of groups, and people with policies, whose access is held. */
const MOST_HELD = 2_000;

const EVERYTHING: TableAccess = { readable: 'all', policies: new Map() };

/** What a set of groups gives. */
interface Given {
  readonly access: TableAccess;
  /** Tables that no group gives whole. */
  readonly branches: ReadonlyMap<string, readonly PolicyBranch[]>;
}

/** `grantedTo`: the ids of the tables granted to one group, no older than the moment of the question. */
export function createTableAccess(
  state: State,
  grantedTo: (groupId: string) => Promise<ReadonlySet<string>>,
): TableAccessDecision {
  const byGroups = createVersionCache<Given>(state, 'access_version', MOST_HELD);
  const byPerson = createVersionCache<TableAccess>(state, 'access_version', MOST_HELD);
  const policies = createVersionCache<PoliciesByGroup>(state, 'access_version', 1);

  const given = (key: string, groups: readonly string[]): Promise<Given> =>
    byGroups(key, async () => {
      const all = await policies('', () => readPolicies(state));
      const rights = await Promise.all(
        groups.map(async (id) => ({ granted: await grantedTo(id), policies: all.get(id) ?? NONE })),
      );
      return unionOf(rights);
    });

  const of: TableAccessDecision['of'] = async (principal) => {
    if (principal.isAdmin) return EVERYTHING;
    const groups = [...principal.groupIds].sort();
    const key = groups.join(' ');
    const shared = await given(key, groups);
    if (shared.branches.size === 0) return shared.access;
    return byPerson(`${principal.userId} ${key}`, async () => {
      // Asked again, after the counter was read: what was known before may be older than what is held from here on.
      const { access, branches } = await given(key, groups);
      return { readable: access.readable, policies: await ofPerson(state, principal, branches) };
    });
  };
  return {
    of,
    async policyFor(principal, tableId) {
      const { readable, policies } = await of(principal);
      if (readable === 'all') return undefined;
      if (readable.has(tableId)) return policies.get(tableId);
      // Whoever asks without having asked whether the table is granted at all gets no row of it.
      return effectivePolicy(tableId, [], { user_id: principal.userId, email: '', groups: [] });
    },
  };
}

type PoliciesByGroup = ReadonlyMap<string, ReadonlyMap<string, PolicyBranch>>;
const NONE: ReadonlyMap<string, PolicyBranch> = new Map();

async function readPolicies(state: State): Promise<PoliciesByGroup> {
  const rows = await state.db.select().from(schema.tablePolicies);
  const byGroup = new Map<string, Map<string, PolicyBranch>>();
  for (const { id, table_id, group_id, row_filter, column_masks } of rows) {
    const ofGroup = byGroup.get(group_id) ?? new Map<string, PolicyBranch>();
    ofGroup.set(table_id, { policy_id: id, group_id, row_filter, column_masks: column_masks ?? {} });
    byGroup.set(group_id, ofGroup);
  }
  return byGroup;
}

/** In the order of the groups, which is that of their ids. */
function unionOf(
  groups: readonly { readonly granted: ReadonlySet<string>; readonly policies: ReadonlyMap<string, PolicyBranch> }[],
): Given {
  const readable = new Set<string>();
  const whole = new Set<string>();
  const branches = new Map<string, PolicyBranch[]>();
  for (const { granted, policies } of groups) {
    for (const id of granted) {
      readable.add(id);
      const branch = policies.get(id);
      if (branch === undefined) whole.add(id);
      else branches.set(id, [...(branches.get(id) ?? []), branch]);
    }
  }
  for (const id of whole) branches.delete(id);
  return { access: { readable, policies: new Map() }, branches };
}

async function ofPerson(
  state: State,
  principal: Principal,
  branches: ReadonlyMap<string, readonly PolicyBranch[]>,
): Promise<Map<string, EffectivePolicy>> {
  const caller = await attributesOf(state, principal);
  return new Map(
    [...branches].map(([id, ofTable]) => [
      id,
      caller === undefined
        ? effectivePolicy(id, [], { user_id: principal.userId, email: '', groups: [] })
        : effectivePolicy(id, ofTable, caller),
    ]),
  );
}

/** Undefined when there is no such account: then no expression is asked about it, and no row seen. */
async function attributesOf(state: State, principal: Principal): Promise<CallerAttributes | undefined> {
  const { users, userGroups } = schema;
  const [person] = await state.db.select({ email: users.email }).from(users).where(eq(users.id, principal.userId));
  if (person === undefined) return undefined;
  const groups = await state.db
    .select({ name: userGroups.name })
    .from(userGroups)
    .where(inArray(userGroups.id, [...principal.groupIds]));
  const names = groups.map(({ name }) => name).sort();
  return { user_id: principal.userId, email: person.email, groups: names };
}
