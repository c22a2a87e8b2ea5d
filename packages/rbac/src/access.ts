import type { State, StateDatabase } from '@agnes/state';
import { createDecision } from './decision.ts';
import { type EffectiveAccess, effectiveAccess } from './effective.ts';
import {
  createGrant,
  deleteGrant,
  type Grant,
  type GrantFilter,
  listGrants,
  type NewGrant,
  revokeResource,
} from './grants.ts';
import {
  createGroup,
  deleteGroup,
  type GroupPatch,
  type GroupWithCounts,
  getGroup,
  listGroups,
  type NewGroup,
  seedSystemGroups,
  updateGroup,
} from './groups.ts';
import {
  addMember,
  groupsOf,
  listMembers,
  type Member,
  type Membership,
  type MembershipSource,
  membershipsByUser,
  removeMember,
} from './members.ts';
import type { Principal } from './principal.ts';
import { type ResourceType, ResourceTypes } from './resource-types.ts';

/**
 * Groups, members, grants and the access decision. Groups and resources are named by id or name, people by id or e-mail
 * address; `by` is the id of whoever does it. Every change bumps `access_version` and is audited in its own transaction.
 */
export interface Access {
  /** The access decision. */
  can(principal: Principal, resourceType: string, resourceId: string): Promise<boolean>;
  /** The same decision for lists: ids, or `all`. */
  readable(principal: Principal, resourceType: string): Promise<ReadonlySet<string> | 'all'>;
  effectiveAccess(user: string): Promise<EffectiveAccess>;

  registerResourceType(type: ResourceType): void;
  resourceTypes(): readonly ResourceType[];
  /** Takes back every grant of a resource, in the transaction that deletes it. */
  revokeResource(tx: StateDatabase, resourceType: string, resourceId: string): Promise<void>;

  /** Makes the Admin and Everyone groups where they are missing; called at each start. */
  seedSystemGroups(): Promise<void>;
  listGroups(): Promise<GroupWithCounts[]>;
  getGroup(group: string): Promise<GroupWithCounts>;
  createGroup(input: NewGroup, by: string): Promise<GroupWithCounts>;
  updateGroup(group: string, patch: GroupPatch, by: string): Promise<GroupWithCounts>;
  deleteGroup(group: string, by: string): Promise<void>;

  /** The groups somebody is in. Everyone is among them while the account is active. */
  groupsOf(userId: string): Promise<Membership[]>;
  /** The same for everybody. */
  membershipsByUser(): Promise<ReadonlyMap<string, readonly Membership[]>>;
  listMembers(group: string): Promise<Member[]>;
  addMember(group: string, user: string, source: MembershipSource, by: string | null): Promise<Member>;
  removeMember(group: string, user: string, source: MembershipSource, by: string | null): Promise<void>;

  listGrants(filter?: GrantFilter): Promise<Grant[]>;
  createGrant(input: NewGrant, by: string): Promise<Grant>;
  deleteGrant(id: string, by: string): Promise<void>;
}

/** Access over a state database. Features add what can be granted with `registerResourceType`. */
export function createAccess({ state }: { readonly state: State }): Access {
  const types = new ResourceTypes();
  const decision = createDecision(state);
  return {
    can: decision.can,
    readable: decision.readable,
    effectiveAccess: (user) => effectiveAccess(state, types, user),
    registerResourceType: (type) => types.register(type),
    resourceTypes: () => types.all(),
    revokeResource,
    seedSystemGroups: () => seedSystemGroups(state),
    listGroups: () => listGroups(state),
    getGroup: (group) => getGroup(state, group),
    createGroup: (input, by) => createGroup(state, input, by),
    updateGroup: (group, patch, by) => updateGroup(state, group, patch, by),
    deleteGroup: (group, by) => deleteGroup(state, group, by),
    groupsOf: (userId) => groupsOf(state, userId),
    membershipsByUser: () => membershipsByUser(state),
    listMembers: (group) => listMembers(state, group),
    addMember: (group, user, source, by) => addMember(state, group, user, source, by),
    removeMember: (group, user, source, by) => removeMember(state, group, user, source, by),
    listGrants: (filter) => listGrants(state, types, filter),
    createGrant: (input, by) => createGrant(state, types, input, by),
    deleteGrant: (id, by) => deleteGrant(state, id, by),
  };
}
