// Accounts.
import type { Maker, Makers } from '../inputs.ts';
import { PASSWORD, type World } from '../world.ts';

async function newUser(world: World): Promise<string> {
  const { body } = await world.admin('createUser', { body: { email: `${world.unused('user')}@example.com` } });
  return body.id;
}

const ofNewUser = (body?: unknown): Maker => ({
  valid: async (world) => ({ params: { id: await newUser(world) }, ...(body === undefined ? {} : { body }) }),
});

export const userInputs: Makers = {
  getUser: ofNewUser(),
  createUser: { valid: (world) => ({ body: { email: `${world.unused('user')}@example.com`, password: PASSWORD } }) },
  updateUser: ofNewUser({ name: 'Another name' }),
  activateUser: ofNewUser(),
  deactivateUser: ofNewUser(),
  deleteUser: ofNewUser(),
  setPassword: ofNewUser({ password: PASSWORD }),
  userAccess: ofNewUser(),
};
