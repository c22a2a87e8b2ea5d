// What an operation's declaration says about a caller: the rules of access, written a second time and in the plainest form.
import type { Standing } from './callers.ts';
import { type Declared, operationOf } from './declared.ts';

/** `admitted`, or the refusal's status and code. */
export type Expected = 'admitted' | { readonly status: number; readonly code: string };

/** Scopes that an access token can be made with. */
export const SCOPES: readonly string[] = scopesOf();

function scopesOf(): readonly string[] {
  const { entries } = operationOf('createToken').body as unknown as {
    entries: { scope: { wrapped: { options: readonly string[] } } };
  };
  return entries.scope.wrapped.options;
}

/** Whether a token of a scope opens an operation that names these. A scope that is not here opens nothing. */
const OPENS: Readonly<Record<string, (named: readonly string[]) => boolean>> = {
  general: () => true,
  pull: (named) => named.includes('pull'),
  query: (named) => named.includes('query'),
  read: (named) => named.some((one) => ['pull', 'query', 'read'].includes(one)),
  'bootstrap-analyst': (named) => named.length > 0,
};

const refusal = (status: number, code: string): Expected => ({ status, code });

/** What a caller of that standing gets from the operation, asked for the granted table where it names one. */
export function expectedOf(operation: Declared, standing: Standing): Expected {
  const { access } = operation;
  const { credential, isAdmin, viewAs, scope = 'general' } = standing;
  // Before anything else, so that another site learns nothing, not even from what is public.
  const mustProve = standing.unprovenCookie === true || (operation.form === true && standing.isBrowser !== true);
  if (operation.method !== 'GET' && mustProve) return refusal(403, 'csrf_refused');
  const mayView = operation.viewAs === true && isAdmin && scope === 'general';
  if (access === 'public') return 'admitted';
  // A page is for anybody, but for nobody under another's name.
  if (access === 'visitor') return viewAs === undefined || mayView ? 'admitted' : refusal(403, 'view_as_refused');
  if (credential === 'none') return refusal(401, 'unauthenticated');
  if (credential === 'invalid') return refusal(401, 'invalid_credentials');
  if (credential === 'deactivated') return refusal(401, 'account_deactivated');
  if (credential === 'scheduler') return access === 'admin_or_scheduler' ? 'admitted' : refusal(403, 'forbidden');
  if (access === 'session' && credential !== 'session') return refusal(403, 'session_required');
  if (!OPENS[scope]?.(operation.scopes ?? [])) return refusal(403, 'scope_refused');
  if ((access === 'admin' || access === 'admin_or_scheduler') && !isAdmin) return refusal(403, 'forbidden');
  if (viewAs !== undefined && !mayView) return refusal(403, 'view_as_refused');
  const who = viewAs ?? standing;
  if (typeof access === 'object' && !who.isGranted && !who.isAdmin) {
    return refusal(404, access.grant === 'table' ? 'table_not_found' : 'blob_not_found');
  }
  return 'admitted';
}
