import { type accessOperations, callerOf, type Handlers, type policyOperations } from '@agnes/api-contract';
import type { Access } from './access.ts';
import type { EffectiveAccess } from './effective.ts';
import type { Grant } from './grants.ts';
import type { GroupWithCounts } from './groups.ts';
import type { Member } from './members.ts';
import type { GroupMembership } from './memberships.ts';
import type { Policy } from './policies.ts';
import type { Via } from './reasons.ts';

export { auditHandlers } from './http/audit.ts';

/** The operations on groups, members, grants, policies and effective access. */
export function accessHandlers({
  access,
}: {
  readonly access: Access;
}): Handlers<typeof accessOperations & typeof policyOperations> {
  return {
    listResourceTypes: async () =>
      access.resourceTypes().map(({ key, display_name, description, id_format }) => ({
        key,
        display_name,
        description,
        id_format,
      })),
    accessOverview: async () => {
      const [groups, grants, resources] = await Promise.all([
        access.listGroups(),
        access.listGrants(),
        Promise.all(
          access.resourceTypes().map(async (type) => ({
            type_key: type.key,
            type_display: type.display_name,
            blocks: (await type.listBlocks()).map(({ name, items }) => ({ name, items: [...items] })),
          })),
        ),
      ]);
      return { groups: groups.map(groupBody), grants: grants.map(grantBody), resources };
    },

    listGroups: async () => (await access.listGroups()).map(groupBody),
    getGroup: async ({ params }) => groupBody(await access.getGroup(params.id)),
    createGroup: async ({ body }, context) => groupBody(await access.createGroup(body, callerOf(context).userId)),
    updateGroup: async ({ params, body }, context) =>
      groupBody(await access.updateGroup(params.id, body, callerOf(context).userId)),
    deleteGroup: async ({ params }, context) => {
      await access.deleteGroup(params.id, callerOf(context).userId);
      return undefined;
    },

    listMembers: async ({ params }) => (await access.listMembers(params.id)).map(memberBody),
    addMember: async ({ params, body }, context) =>
      memberBody(await access.addMember(params.id, body.email, 'admin', callerOf(context).userId)),
    removeMember: async ({ params }, context) => {
      await access.removeMember(params.id, params.user_id, 'admin', callerOf(context).userId);
      return undefined;
    },

    listGrants: async ({ query }) => (await access.listGrants(query)).map(grantBody),
    createGrant: async ({ body }, context) => grantBody(await access.createGrant(body, callerOf(context).userId)),
    deleteGrant: async ({ params }, context) => {
      await access.deleteGrant(params.id, callerOf(context).userId);
      return undefined;
    },

    myAccess: async (_, context) => effectiveBody(await access.effectiveAccess(callerOf(context).userId)),
    userAccess: async ({ params }) => effectiveBody(await access.effectiveAccess(params.id)),
    tableAccess: async ({ params }) => {
      const { groups, people, ...table } = await access.tableReaders(params.id);
      return {
        ...table,
        groups: groups.map((group) => ({ ...viaBody(group), member_count: group.member_count })),
        people: people.map((person) => ({ ...person, via_groups: person.via_groups.map(viaBody) })),
      };
    },
    listMemberships: async ({ params }) => (await access.listMemberships(params.id)).map(membershipBody),
    addMembership: async ({ params, body }, context) =>
      membershipBody(await access.addMembership(params.id, body.group_id, 'admin', callerOf(context).userId)),
    removeMembership: async ({ params }, context) => {
      await access.removeMember(params.group_id, params.id, 'admin', callerOf(context).userId);
      return undefined;
    },

    listPolicies: async ({ query }) => (await access.listPolicies(query)).map(policyBody),
    getPolicy: async ({ params }) => policyBody(await access.getPolicy(params.id)),
    createPolicy: async ({ body }, context) => policyBody(await access.createPolicy(body, callerOf(context).userId)),
    updatePolicy: async ({ params, body }, context) =>
      policyBody(await access.updatePolicy(params.id, body, callerOf(context).userId)),
    deletePolicy: async ({ params }, context) => {
      await access.deletePolicy(params.id, callerOf(context).userId);
      return undefined;
    },
  };
}

const groupBody = ({ created_at, ...group }: GroupWithCounts) => ({ ...group, created_at: created_at.toISOString() });

const memberBody = ({ added_at, ...member }: Member) => ({ ...member, added_at: added_at.toISOString() });

const grantBody = ({ assigned_at, ...grant }: Grant) => ({ ...grant, assigned_at: assigned_at.toISOString() });

const membershipBody = ({ added_at, ...membership }: GroupMembership) => ({
  ...membership,
  added_at: added_at.toISOString(),
});

const policyBody = ({ created_at, updated_at, error_at, ...policy }: Policy) => ({
  ...policy,
  unrestricted_groups: [...policy.unrestricted_groups],
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
  error_at: error_at?.toISOString() ?? null,
});

const viaBody = ({ group_id, group_name, policy }: Via) => ({
  group_id,
  group_name,
  policy: policy && { ...policy, masked_columns: [...policy.masked_columns] },
});

const effectiveBody = ({ is_admin, items }: EffectiveAccess) => ({
  is_admin,
  items: items.map((item) => ({ ...item, via_groups: item.via_groups.map(viaBody) })),
});
