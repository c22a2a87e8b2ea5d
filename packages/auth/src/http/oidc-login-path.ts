/** The path at which a sign-in with a provider begins. */
export function oidcLoginPath(provider: string): string {
  return provider === 'google' ? '/auth/google/login' : `/auth/oidc/${provider}/login`;
}
