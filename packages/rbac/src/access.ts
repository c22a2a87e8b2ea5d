import type { State, StateDatabase } from '@agnes/state';
import {
  createPolicy,
  deletePolicy,
  type NewPolicy,
  type PolicyContext,
  type PolicyPatch,
  type PolicyValidator,
  recordPolicyFailure,
  updatePolicy,
} from './change-policies.ts';
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
import { groupsOf, type Membership, membershipsByUser } from './groups-of.ts';
import type { MappedEmails } from './managed-groups.ts';
import { marketplacePluginType } from './marketplace-plugins.ts';
import { addMember, listMembers, type Member, removeMember } from './members.ts';
import type { MembershipSource } from './membership-rows.ts';
import { type GroupMembership, listMemberships, membershipOf } from './memberships.ts';
import { memoryDomainType } from './memory-domains.ts';
import { getPolicy, listPolicies, type Policy, type PolicyFilter } from './policies.ts';
import type { EffectivePolicy } from './policy.ts';
import type { Principal } from './principal.ts';
import { type ResourceSource, type ResourceType, ResourceTypes } from './resource-types.ts';
import type { TableAccess } from './table-access.ts';
import { type TableReaders, tableReaders } from './table-readers.ts';
import { type View, type ViewedPerson, viewAs } from './view-as.ts';

/**
 * Groups, members, grants and the access decision. Groups and resources are named by id or name, people by id or e-mail
 * address; `by` is the id of whoever does it. Every change bumps `access_version` and is audited in its own transaction.
 */
export interface Access {
  /** The access decision. */
  can(principal: Principal, resourceType: string, resourceId: string): Promise<boolean>;
  /** The same decision for lists: ids, or `all`. */
  readable(principal: Principal, resourceType: string): Promise<ReadonlySet<string> | 'all'>;
  /** The same decision for all tables, with what policies leave of them; the same object while that is so. */
  tables(principal: Principal): Promise<TableAccess>;
  /**
   * What the principal sees of a table that no group of theirs gives whole; undefined: all of it. A table that is not granted
   * at all has a policy that lets no row through.
   */
  policyFor(principal: Principal, tableId: string): Promise<EffectivePolicy | undefined>;
  effectiveAccess(user: string): Promise<EffectiveAccess>;
  /** Who may read a table, and why. */
  tableReaders(table: string): Promise<TableReaders>;
  /** Who somebody is at this moment, for an administrator who asks as them; audited. */
  viewAs(user: string, view: View): Promise<ViewedPerson>;

  registerResourceType(type: ResourceType): void;
  resourceTypes(): readonly ResourceType[];
  /** Says where plugins of marketplaces are found; there are none until somebody does. */
  addMarketplacePlugins(source: ResourceSource): void;
  /** Takes back every grant of a resource, and its policies, in the transaction that deletes it. */
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
  /** Of one person, an entry for each source. */
  listMemberships(user: string): Promise<GroupMembership[]>;
  addMembership(user: string, group: string, source: MembershipSource, by: string | null): Promise<GroupMembership>;

  listGrants(filter?: GrantFilter): Promise<Grant[]>;
  createGrant(input: NewGrant, by: string): Promise<Grant>;
  deleteGrant(id: string, by: string): Promise<void>;

  /** Fills the slot of whoever applies policies: until then none can be made. */
  setPolicyValidator(validate: PolicyValidator): void;
  listPolicies(filter?: PolicyFilter): Promise<Policy[]>;
  getPolicy(id: string): Promise<Policy>;
  createPolicy(input: NewPolicy, by: string): Promise<Policy>;
  updatePolicy(id: string, patch: PolicyPatch, by: string): Promise<Policy>;
  deletePolicy(id: string, by: string): Promise<void>;
  /** Notes for administrators why a policy failed on real data: what failed, never a value of a row. */
  recordPolicyFailure(id: string, message: string): Promise<void>;
}

export interface AccessOptions {
  readonly state: State;
  /** Groups of a directory that stand behind system groups, by the id of those. */
  readonly mappedEmails?: MappedEmails;
}

/** Access over a state database. Features add what can be granted with `registerResourceType`. */
export function createAccess({ state, mappedEmails: mapped = new Map() }: AccessOptions): Access {
  const types = new ResourceTypes();
  const plugins = marketplacePluginType();
  types.register(plugins);
  types.register(memoryDomainType);
  const decision = createDecision(state);
  let validator: PolicyValidator | undefined;
  const policies: PolicyContext = { state, types, validate: () => validator };
  return {
    can: decision.can,
    readable: decision.readable,
    tables: decision.tables,
    policyFor: decision.policyFor,
    effectiveAccess: (user) => effectiveAccess(state, types, user),
    tableReaders: (table) => tableReaders(state, types, table),
    viewAs: (user, view) => viewAs(state, user, view),
    registerResourceType: (type) => types.register(type),
    resourceTypes: () => types.all(),
    addMarketplacePlugins: (source) => plugins.addSource(source),
    revokeResource,
    seedSystemGroups: () => seedSystemGroups(state),
    listGroups: () => listGroups(state, mapped),
    getGroup: (group) => getGroup(state, group, mapped),
    createGroup: (input, by) => createGroup(state, input, by),
    updateGroup: (group, patch, by) => updateGroup(state, group, patch, by, mapped),
    deleteGroup: (group, by) => deleteGroup(state, group, by, mapped),
    groupsOf: (userId) => groupsOf(state, userId),
    membershipsByUser: () => membershipsByUser(state),
    listMembers: (group) => listMembers(state, group),
    addMember: (group, user, source, by) => addMember(state, group, user, source, by, mapped),
    removeMember: (group, user, source, by) => removeMember(state, group, user, source, by, mapped),
    listMemberships: (user) => listMemberships(state, user),
    async addMembership(user, group, source, by) {
      const { user_id } = await addMember(state, group, user, source, by, mapped);
      return membershipOf(state, user_id, (await getGroup(state, group)).id, source);
    },
    listGrants: (filter) => listGrants(state, types, filter),
    createGrant: (input, by) => createGrant(state, types, input, by),
    deleteGrant: (id, by) => deleteGrant(state, id, by),
    setPolicyValidator: (validate) => {
      validator = validate;
    },
    listPolicies: (filter) => listPolicies(policies, filter),
    getPolicy: (id) => getPolicy(policies, id),
    createPolicy: (input, by) => createPolicy(policies, input, by),
    updatePolicy: (id, patch, by) => updatePolicy(policies, id, patch, by),
    deletePolicy: (id, by) => deletePolicy(policies, id, by),
    recordPolicyFailure: (id, message) => recordPolicyFailure(policies, id, message),
  };
}
