/**
 * Each scope that an access token may have, and which scopes of operations it opens. `general` opens whatever its owner may
 * do except what needs a session; the others only operations that name them.
 */
export const TOKEN_SCOPES = {
  general: [],
  pull: ['pull'],
  query: ['query'],
  read: ['read', 'pull', 'query'],
  'bootstrap-analyst': ['bootstrap-analyst', 'read', 'pull', 'query'],
} as const;

export type TokenScope = keyof typeof TOKEN_SCOPES;

/** A scope narrower than `general`. */
export type Scope = Exclude<TokenScope, 'general'>;

/** The names of every scope, the widest first. */
export const TOKEN_SCOPE_NAMES = Object.keys(TOKEN_SCOPES) as readonly TokenScope[] as readonly [
  TokenScope,
  ...TokenScope[],
];

/** Whether a token of this scope may call an operation that names those. An unknown scope may call nothing. */
export function scopeAdmits(scope: string, operationScopes: readonly Scope[] = []): boolean {
  if (scope === 'general') return true;
  if (!Object.hasOwn(TOKEN_SCOPES, scope)) return false;
  const opens: readonly Scope[] = TOKEN_SCOPES[scope as Scope];
  return operationScopes.some((wanted) => opens.includes(wanted));
}
