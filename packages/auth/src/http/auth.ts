import { type authOperations, callerOf, type Handlers, peerOf, Reply, type RequestContext } from '@agnes/api-contract';
import type { Auth } from '../auth.ts';
import type { TokenRecord } from '../credentials.ts';
import { iso } from './iso.ts';
import { roleOf, signedInBody } from './signed-in-body.ts';

export interface AuthHandlersOptions {
  readonly auth: Auth;
}

/** The operations on sign-in, bootstrap, the caller and access tokens. */
export function authHandlers({ auth }: AuthHandlersOptions): Handlers<typeof authOperations> {
  const signIn = async (
    { body }: { readonly body: { readonly email: string; readonly password: string } },
    context: RequestContext,
  ) => signedInBody(await auth.signIn(body.email, body.password, peerOf(context)));

  return {
    signIn,
    passwordLogin: signIn,
    bootstrap: async ({ body }, context) => signedInBody(await auth.bootstrap(body, peerOf(context))),
    signOut: async (_, context) => {
      await auth.signOut(callerOf(context));
      const inCookie = auth.cookie.read(context.headers) !== undefined;
      return inCookie ? new Reply(undefined, { headers: { 'set-cookie': auth.cookie.clear() } }) : undefined;
    },
    me: async (_, context) => {
      const caller = callerOf(context);
      return {
        user_id: caller.userId,
        email: caller.email,
        name: caller.name,
        role: roleOf(caller.isAdmin),
        is_admin: caller.isAdmin,
        groups: caller.groups.map(({ id, name }) => ({ id, name })),
        credential: { ...caller.credential, expires_at: iso(caller.credential.expires_at) },
      };
    },

    createToken: async ({ body }, context) => {
      const { id, name, prefix, token, scope, expires_at, created_at } = await auth.createToken(
        callerOf(context),
        body,
      );
      return { id, name, prefix, token, scope, expires_at: iso(expires_at), created_at: created_at.toISOString() };
    },
    listTokens: async (_, context) => (await auth.listTokens(callerOf(context).userId)).map(tokenBody),
    getToken: async ({ params }, context) => tokenBody(await auth.getToken(params.id, callerOf(context).userId)),
    revokeToken: async ({ params }, context) => {
      const { userId } = callerOf(context);
      await auth.revokeToken(params.id, { by: userId, owner: userId });
      return undefined;
    },

    listAllTokens: async () => {
      const [tokens, users] = await Promise.all([auth.listTokens(), auth.listUsers()]);
      const emails = new Map(users.map(({ id, email }) => [id, email]));
      return tokens.map((token) => ({
        ...tokenBody(token),
        user_id: token.user_id,
        user_email: emails.get(token.user_id) ?? null,
        last_used_ip: token.last_used_ip,
      }));
    },
    revokeAnyToken: async ({ params }, context) => {
      await auth.revokeToken(params.id, { by: callerOf(context).userId });
      return undefined;
    },
  };
}

const tokenBody = (token: TokenRecord) => ({
  id: token.id,
  name: token.name,
  prefix: token.prefix,
  scope: token.scope,
  created_at: token.created_at.toISOString(),
  expires_at: iso(token.expires_at),
  last_used_at: iso(token.last_used_at),
  revoked_at: iso(token.revoked_at),
});
