// Signing in, sessions, access tokens.
import type { Makers } from '../inputs.ts';
import { PASSWORD } from '../world.ts';

export const authInputs: Makers = {
  signIn: { valid: (_, { email }) => ({ body: { email, password: PASSWORD } }) },
  passwordLogin: { valid: (_, { email }) => ({ body: { email, password: PASSWORD } }) },
  bootstrap: {
    valid: () => ({ body: { email: 'boss@example.com', password: PASSWORD, code: 'x' } }),
    outcome: { status: 403, code: 'bootstrap_closed' },
  },
  signOut: { valid: () => ({}), endsCredential: true },
  createToken: { valid: (world) => ({ body: { name: world.unused('token') } }) },
  getToken: {
    valid: async (world, asker) => ({ params: { id: (await world.mint(asker)).id } }),
    foreign: async (world, owner) => ({ params: { id: (await world.mint(owner)).id } }),
  },
  revokeToken: {
    valid: async (world, asker) => ({ params: { id: (await world.mint(asker)).id } }),
    foreign: async (world, owner) => ({ params: { id: (await world.mint(owner)).id } }),
  },
  revokeAnyToken: { valid: async (world, asker) => ({ params: { id: (await world.mint(asker)).id } }) },
};
