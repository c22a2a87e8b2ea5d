import type { Caller, RequestContext } from '@agnes/api-contract';
import type { Auth, SignedIn } from '../../auth.ts';
import { goTo } from './document.ts';
import type { Done } from './notices.ts';

/**
 * Gives the browser its new session and sends it on. The session that it had before ends: the cookie in which it was is
 * written over, and nobody would end it otherwise.
 */
export async function enter(auth: Auth, { session }: SignedIn, context: RequestContext, to: string): Promise<Response> {
  await leave(auth, context);
  return goTo(to, auth.cookie.set(session));
}

/** Ends the session of the browser, when it has one. */
export async function leave(auth: Auth, { caller }: RequestContext): Promise<void> {
  if (caller !== undefined && caller.credential.kind === 'session' && !isLocalDev(caller)) await auth.signOut(caller);
}

/** Whether somebody is signed in only by local development mode, in which there is no session. */
export function isLocalDev(caller: Caller | undefined): caller is Caller {
  return caller?.credential.method === 'local_dev';
}

/**
 * Where to go instead, when the page that sent a form was made for another person: another tab has signed somebody else
 * in since, and who looks at the page does not mean them.
 */
export function someoneElse(caller: Caller, as: string, path: string): Response | undefined {
  return as === caller.userId ? undefined : done(path, 'someone_else');
}

/** Back to a page, which says what was done. A reload of it does nothing again. */
export function done(path: string, what: Done): Response {
  return goTo(`${path}?done=${what}`);
}
