import type { schema } from '@agnes/state';
import * as client from 'openid-client';
import type { OidcProvider } from './provider.ts';
import { refuseSignIn } from './refusal.ts';

/** What a sign-in told the provider, or proves to it, when it began. */
type Begun = Pick<typeof schema.oidcLogins.$inferSelect, 'code_verifier' | 'nonce'>;

/**
 * What the provider says in its ID token, and in its user info where that is needed for address or groups. Throws
 * `sign_in_refused`; what the library has to say of it goes to `onError`.
 */
export async function claimsOf(
  provider: OidcProvider,
  callbackUrl: URL,
  { code_verifier, nonce }: Begun,
  onError: (error: unknown) => void,
): Promise<Record<string, unknown>> {
  const configuration = await reached(provider, onError);
  // The address as the provider was told it, whatever a proxy made of the request on its way here.
  const answered = new URL(provider.redirectUri);
  answered.search = callbackUrl.search;
  try {
    const tokens = await client.authorizationCodeGrant(configuration, answered, {
      pkceCodeVerifier: code_verifier,
      expectedNonce: nonce,
      expectedState: callbackUrl.searchParams.get('state') ?? '',
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('The provider sent no ID token.');
    const { groupsClaim } = provider.settings;
    const lacksGroups = groupsClaim !== undefined && claims[groupsClaim] === undefined;
    const hasAddress = claims.email !== undefined && claims.email_verified !== undefined;
    if (hasAddress && !lacksGroups) return claims;
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const userInfo = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    // Address and flag belong together: both from the one or both from the other.
    const { email, email_verified } = hasAddress || userInfo.email === undefined ? claims : userInfo;
    return { ...userInfo, ...claims, email, email_verified };
  } catch (error) {
    if (error instanceof client.AuthorizationResponseError && error.error === 'access_denied') {
      throw refuseSignIn('cancelled', error);
    }
    onError(new Error(`A sign-in at the provider '${provider.settings.id}' failed: ${messageFor(error)}`));
    throw refuseSignIn('oauth_failed', error);
  }
}

/** What the provider says of itself. Throws `sign_in_refused` when that cannot be read. */
export async function reached(
  provider: OidcProvider,
  onError: (error: unknown) => void,
): Promise<client.Configuration> {
  try {
    return await provider.configuration();
  } catch (error) {
    onError(new Error(`The provider '${provider.settings.id}' cannot be used: ${messageFor(error)}`));
    throw refuseSignIn('provider_unavailable', error);
  }
}

/** Code and message of the library, which hold no token. */
function messageFor(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, error: said } = error as { code?: unknown; error?: unknown };
  return [error.message, code, said].filter((part) => typeof part === 'string').join(', ');
}
