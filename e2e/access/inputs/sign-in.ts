// Ways in by mail and by identity providers. This server has neither, but for links that an administrator hands over.
import type { Maker, Makers } from '../inputs.ts';
import { PASSWORD, type World } from '../world.ts';

async function invitedUser(world: World): Promise<string> {
  const { body } = await world.admin('createUser', { body: { email: `${world.unused('invited')}@example.com` } });
  return body.id;
}

// Whoever has the link is let in whoever they are, so what the matrix can ask is that nobody else is.
const byLink: Maker = {
  valid: () => ({ body: { token: 'x', password: PASSWORD } }),
  outcome: { status: 401, code: 'invalid_credentials' },
};
const unavailable = { status: 404, code: 'sign_in_unavailable' };
const byMail: Maker = { valid: (_, { email }) => ({ body: { email } }), outcome: unavailable };
const provider = { provider: 'oidc' };

export const signInInputs: Makers = {
  waysIn: { valid: () => ({}) },
  sendMagicLink: byMail,
  verifyMagicLink: { valid: () => ({ body: { token: 'x' } }), outcome: { status: 401, code: 'invalid_credentials' } },
  setUpPassword: byLink,
  confirmPasswordSetUp: byLink,
  requestPasswordSetUp: byMail,
  requestPasswordReset: byMail,
  confirmPasswordReset: byLink,
  googleLogin: { valid: () => ({}), outcome: unavailable },
  googleCallback: { valid: () => ({}), outcome: unavailable },
  oidcLogin: { valid: () => ({ params: provider }), outcome: unavailable },
  oidcCallback: { valid: () => ({ params: provider }), outcome: unavailable },
  resetUserPassword: { valid: async (world) => ({ params: { id: await invitedUser(world) } }) },
  inviteUser: { valid: async (world) => ({ params: { id: await invitedUser(world) } }) },
};
