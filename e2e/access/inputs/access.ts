// Groups, members, grants.
import type { Maker, Makers } from '../inputs.ts';
import type { World } from '../world.ts';

async function newGroup(world: World): Promise<string> {
  const { body } = await world.admin('createGroup', { body: { name: world.unused('group') } });
  return body.id;
}

async function newUser(world: World): Promise<string> {
  const { body } = await world.admin('createUser', { body: { email: `${world.unused('member')}@example.com` } });
  return body.email;
}

const ofNewGroup = (body?: unknown): Maker => ({
  valid: async (world) => ({ params: { id: await newGroup(world) }, ...(body === undefined ? {} : { body }) }),
});

export const accessInputs: Makers = {
  getGroup: ofNewGroup(),
  createGroup: { valid: (world) => ({ body: { name: world.unused('group') } }) },
  updateGroup: ofNewGroup({ description: 'Another description' }),
  deleteGroup: ofNewGroup(),
  listMembers: ofNewGroup(),
  addMember: {
    valid: async (world) => ({ params: { id: await newGroup(world) }, body: { email: await newUser(world) } }),
  },
  removeMember: {
    valid: async (world) => {
      const [id, user_id] = [await newGroup(world), await newUser(world)];
      await world.admin('addMember', { params: { id }, body: { email: user_id } });
      return { params: { id, user_id } };
    },
  },
  createGrant: {
    valid: async (world) => ({
      body: { group_id: await newGroup(world), resource_type: 'table', resource_id: world.tables.nobodys.id },
    }),
  },
  deleteGrant: {
    valid: async (world) => {
      const { body } = await world.admin('createGrant', {
        body: { group_id: await newGroup(world), resource_type: 'table', resource_id: world.tables.nobodys.id },
      });
      return { params: { id: body.id } };
    },
  },
};
