import { callerOf, type Handlers, peerOf, type RequestContext, type signInOperations } from '@agnes/api-contract';
import { isAgnesError } from '@agnes/errors';
import type { Auth } from '../auth.ts';
import { isInLog } from '../oidc/refusal.ts';
import type { PasswordByToken } from '../password-link.ts';
import type { Peer } from '../ways-in.ts';
import { oidcCookie } from './oidc-cookie.ts';
import { oidcLoginPath } from './oidc-login-path.ts';
import { leave } from './pages/browser-session.ts';
import { signedInBody } from './signed-in-body.ts';

export interface SignInHandlersOptions {
  readonly auth: Auth;
  /** The URL under which people reach the server. */
  readonly serverUrl: string;
}

const LINK_SENT = { message: 'If there is an account for this address, a mail is on its way.' };

/** The operations on links by mail, identity providers, and what an administrator sends to people. */
export function signInHandlers({ auth, serverUrl }: SignInHandlersOptions): Handlers<typeof signInOperations> {
  const cookie = oidcCookie(serverUrl.startsWith('https:'));

  const peer = (context: RequestContext): Peer => ({ ...peerOf(context), requestId: context.requestId });

  const start = async (provider: string, next: string | undefined, context: RequestContext): Promise<Response> =>
    backOnRefusal(context, async () => {
      const browser = cookie.read(context.headers);
      const { url, browserCookie } = await auth.startOidc(provider, { next, browser }, peer(context));
      return redirect(url, cookie.set(browserCookie));
    });

  const finish = async (provider: string, query: object, context: RequestContext): Promise<Response> =>
    backOnRefusal(context, async () => {
      const url = new URL(serverUrl);
      url.search = new URLSearchParams(Object.entries(query)).toString();
      const { session, next } = await auth.finishOidc(provider, url, cookie.read(context.headers), peer(context));
      await leave(auth, context);
      return redirect(next, cookie.clear(), auth.cookie.set(session));
    });

  const setPassword = async ({ body }: { readonly body: PasswordByToken }, context: RequestContext) =>
    signedInBody(await auth.setPasswordByToken(body, peerOf(context)));
  const requestReset = async ({ body }: { readonly body: { readonly email: string } }, context: RequestContext) => {
    await auth.requestPasswordReset(body.email, peerOf(context));
    return LINK_SENT;
  };

  return {
    waysIn: async () => ({
      password: true,
      mail: auth.sendsMail,
      providers: auth.oidcProviders().map(({ id, label }) => ({
        id,
        label,
        login_path: oidcLoginPath(id),
      })),
    }),
    sendMagicLink: async ({ body }, context) => {
      await auth.requestMagicLink(body.email, peerOf(context));
      return LINK_SENT;
    },
    verifyMagicLink: async ({ body }, context) =>
      signedInBody(await auth.consumeMagicLink(body.token, peerOf(context), body.email)),
    setUpPassword: setPassword,
    confirmPasswordSetUp: setPassword,
    confirmPasswordReset: setPassword,
    requestPasswordSetUp: requestReset,
    requestPasswordReset: requestReset,

    googleLogin: ({ query }, context) => start('google', query.next, context),
    googleCallback: ({ query }, context) => finish('google', query, context),
    oidcLogin: ({ params, query }, context) => start(params.provider, query.next, context),
    oidcCallback: ({ params, query }, context) => finish(params.provider, query, context),

    resetUserPassword: async ({ params }, context) => {
      const { url, sent } = await auth.resetPassword(params.id, callerOf(context).userId);
      return { reset_url: url, email_sent: sent };
    },
    inviteUser: async ({ params }, context) => {
      const { url, sent } = await auth.inviteUser(params.id, callerOf(context).userId);
      return { invite_url: url, invite_email_sent: sent };
    },
  };
}

/** A person in a browser sees a refusal on the sign-in page, which words it. */
async function backOnRefusal({ requestId }: RequestContext, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (isAgnesError(error, 'too_many_requests')) return redirect('/login?error=too_many_requests');
    const reason = isAgnesError(error) ? error.details.reason : undefined;
    if (typeof reason !== 'string') throw error;
    const query = new URLSearchParams({ error: reason, ...(isInLog(reason) && { request: requestId }) });
    return redirect(`/login?${query}`);
  }
}

function redirect(location: string, ...cookies: readonly string[]): Response {
  const headers = new Headers({ location });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 302, headers });
}
