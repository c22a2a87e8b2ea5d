import { type Access, type Caller, type Operation, type Peer, scopeAdmits } from '@agnes/api-contract';
import { AgnesError, isAgnesError } from '@agnes/errors';

/** Who is calling: undefined without credentials; throws for credentials that cannot be read or do not hold. */
export type Authenticate = (headers: Headers, peer: Peer) => Promise<Caller | undefined>;

/**
 * For each kind of resource that an operation can name in its path: throws the error of an unknown resource when it is
 * unknown to the caller, whether or not it exists.
 */
export type GrantChecks = {
  readonly [Kind in Extract<Access, object>['grant']]: (caller: Caller, id: string) => Promise<unknown>;
};

/** The caller of an operation that is not public. Throws `unauthenticated`, or what `authenticate` does. */
export async function identify(authenticate: Authenticate, headers: Headers, peer: Peer): Promise<Caller> {
  const caller = await authenticate(headers, peer);
  if (caller === undefined) {
    throw new AgnesError('unauthenticated', 'This needs a signed-in caller, and the request carries no credentials.', {
      hint: 'Sign in with `agnes auth login`, or send `Authorization: Bearer <token>`.',
    });
  }
  return caller;
}

/** The caller of an operation for everybody: known when a session says so, and nobody when it does not hold. */
export async function visitor(authenticate: Authenticate, headers: Headers, peer: Peer): Promise<Caller | undefined> {
  try {
    const caller = await authenticate(headers, peer);
    return caller?.credential.kind === 'session' ? caller : undefined;
  } catch (error) {
    if (isAgnesError(error, 'invalid_credentials', 'account_deactivated')) return undefined;
    throw error;
  }
}

/** Throws `forbidden`, `session_required` or `scope_refused` unless the operation admits the caller. Grants are another question. */
export function admit(operation: Operation, caller: Caller): void {
  const { access } = operation;
  if (caller.credential.kind === 'scheduler') {
    // The scheduler's token opens what the clock needs and nothing else, whatever groups it may be in.
    if (access === 'admin_or_scheduler') return;
    throw new AgnesError('forbidden', "The scheduler's token may not do this.", {
      hint: 'Use the token of a person.',
    });
  }
  if (access === 'session' && caller.credential.kind !== 'session') {
    throw new AgnesError('session_required', 'An access token may not do this; only a signed-in session may.', {
      hint: 'Sign in with `agnes auth login` and try again.',
    });
  }
  if (caller.credential.kind === 'personal' && !scopeAdmits(caller.credential.scope, operation.scopes)) {
    throw new AgnesError(
      'scope_refused',
      `The scope of this access token, '${caller.credential.scope}', does not admit this.`,
      { hint: 'Make a token with a wider scope, or sign in: agnes auth login' },
    );
  }
  if ((access === 'admin' || access === 'admin_or_scheduler') && !caller.isAdmin) {
    throw new AgnesError('forbidden', 'Only an administrator may do this.', {
      hint: 'Ask an administrator, or to be added to the group Admin.',
    });
  }
}
