// The pages of the browser: forms are sent as a browser sends them.
import type { Maker, Makers } from '../inputs.ts';
import { bearer, PASSWORD, type Person, type World } from '../world.ts';

const look: Maker = { valid: () => ({}) };
/** What a page of an account answers to a form that was made for its person. */
const sent = { status: 303 } as const;
/** The page that asks for a code, with the words that this one is none. */
const noSuchCode = { status: 404 } as const;
/** The page that says so, instead of what only who has the link sees. */
const linkIsOver = { status: 401 } as const;

async function sessionOf(world: World, { email }: Person): Promise<string> {
  const { body } = await world.call('me', bearer(await world.signIn(email)));
  return body.credential.id;
}

export const pageInputs: Makers = {
  showStart: look,
  // Who is signed in has no need of it.
  showLogin: { valid: () => ({}), signedIn: sent },
  // A browser has one session: the one before ends.
  sendLogin: {
    valid: (_, { email }) => ({ body: { email, password: PASSWORD } }),
    outcome: sent,
    endsCredential: true,
  },
  showEmailLink: look,
  sendEmailLink: { valid: (_, { email }) => ({ body: { email } }) },
  showLink: { valid: () => ({ query: { token: 'x' } }), outcome: linkIsOver },
  sendLink: { valid: () => ({ body: { token: 'x' } }), outcome: linkIsOver },
  showForgot: look,
  sendForgot: { valid: (_, { email }) => ({ body: { email } }) },
  showSetPassword: { valid: () => ({ query: { token: 'x' } }), outcome: linkIsOver },
  sendSetPassword: {
    valid: () => ({ body: { token: 'x', password: PASSWORD, repeated: PASSWORD } }),
    outcome: linkIsOver,
  },
  showDevice: look,
  sendDevice: {
    valid: (_, { id }) => ({ body: { user_code: 'BCDF-GHJK', answer: 'approve', as: id } }),
    outcome: noSuchCode,
  },
  sendLogout: { valid: () => ({ body: {} }), endsCredential: true },
  showAccount: look,
  showTokens: look,
  sendToken: {
    valid: (world, { id }) => ({ body: { name: world.unused('token'), scope: 'general', expires: '30', as: id } }),
  },
  sendRevokeToken: {
    valid: async (world, asker) => ({ params: { id: (await world.mint(asker)).id }, body: { as: asker.id } }),
  },
  showSessions: look,
  sendEndSession: {
    valid: async (world, asker) => ({ params: { id: await sessionOf(world, asker) }, body: { as: asker.id } }),
  },
  sendEndOtherSessions: { valid: (_, { id }) => ({ body: { as: id } }) },
  showAsset: { valid: () => ({ params: { name: 'x.css' } }), outcome: { status: 404, code: 'not_found' } },
};
