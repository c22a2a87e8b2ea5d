// Policies, memberships, and who may read a table.
import type { Call } from '../declared.ts';
import type { Makers } from '../inputs.ts';
import type { World } from '../world.ts';

/** A group of its own, so that no other call meets its policy. */
async function newPolicy(world: World): Promise<Record<string, unknown>> {
  const { body } = await world.admin('createGroup', { body: { name: world.unused('restricted') } });
  return { table_id: world.tables.nobodys.id, group_id: body.id, row_filter: 'region = 1' };
}

async function storedPolicy(world: World): Promise<Call> {
  const { body } = await world.admin('createPolicy', { body: await newPolicy(world) });
  return { params: { id: body.id } };
}

async function newMembership(world: World): Promise<{ id: string; group_id: string }> {
  const group = await world.admin('createGroup', { body: { name: world.unused('joined') } });
  const user = await world.admin('createUser', { body: { email: `${world.unused('joiner')}@example.com` } });
  return { id: user.body.id, group_id: group.body.id };
}

export const policyInputs: Makers = {
  listPolicies: { valid: () => ({}) },
  getPolicy: { valid: storedPolicy },
  createPolicy: { valid: async (world) => ({ body: await newPolicy(world) }) },
  updatePolicy: { valid: async (world) => ({ ...(await storedPolicy(world)), body: { row_filter: 'region = 2' } }) },
  deletePolicy: { valid: storedPolicy },
  tableAccess: { valid: ({ tables }) => ({ params: { id: tables.granted.id } }) },
  listMemberships: { valid: async (world) => ({ params: { id: (await newMembership(world)).id } }) },
  addMembership: {
    valid: async (world) => {
      const { id, group_id } = await newMembership(world);
      return { params: { id }, body: { group_id } };
    },
  },
  removeMembership: {
    valid: async (world) => {
      const { id, group_id } = await newMembership(world);
      await world.admin('addMembership', { params: { id }, body: { group_id } });
      return { params: { id, group_id } };
    },
  },
};
