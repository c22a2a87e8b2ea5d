import { type accessOperations, callerOf, type Handlers } from '@agnes/api-contract';
import type { Access } from './access.ts';
import type { Grant } from './grants.ts';
import type { GroupWithCounts } from './groups.ts';
import type { Member } from './members.ts';

export { auditHandlers } from './http/audit.ts';

/** The operations on groups, members, grants and effective access. */
export function accessHandlers({ access }: { readonly access: Access }): Handlers<typeof accessOperations> {
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

    myAccess: async (_, context) => access.effectiveAccess(callerOf(context).userId),
    userAccess: async ({ params }) => access.effectiveAccess(params.id),
  };
}

const groupBody = ({ created_at, is_system, ...group }: GroupWithCounts) => ({
  ...group,
  is_system,
  origin: is_system ? 'system' : 'custom',
  created_at: created_at.toISOString(),
});

const memberBody = ({ added_at, ...member }: Member) => ({ ...member, added_at: added_at.toISOString() });

const grantBody = ({ assigned_at, ...grant }: Grant) => ({ ...grant, assigned_at: assigned_at.toISOString() });
