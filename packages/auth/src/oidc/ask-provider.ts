import type { schema } from '@agnes/state';
import * as client from 'openid-client';
import type { Peer } from '../ways-in.ts';
import { failureText } from './failure-text.ts';
import type { OidcProvider } from './provider.ts';
import { refuseSignIn } from './refusal.ts';

/** What a sign-in told the provider, or proves to it, when it began. */
type Begun = Pick<typeof schema.oidcLogins.$inferSelect, 'code_verifier' | 'nonce'>;

/** Tells whoever runs the server, with the id of the request, by which the person who was refused can ask. */
export type Report = (message: string) => void;

export function reportOf(onError: (error: unknown) => void, { requestId }: Peer): Report {
  return (message) => onError(new Error(requestId === undefined ? `${message}.` : `${message}. Request ${requestId}.`));
}

/**
 * What the provider says in its ID token, and in its user info where that is needed for address or groups. Throws
 * `sign_in_refused`; what the library has to say of it goes to `report`.
 */
export async function claimsOf(
  provider: OidcProvider,
  callbackUrl: URL,
  { code_verifier, nonce }: Begun,
  report: Report,
): Promise<Record<string, unknown>> {
  const configuration = await reached(provider, report);
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
    report(`A sign-in at the provider '${provider.settings.id}' failed: ${failureText(error)}`);
    throw refuseSignIn('oauth_failed', error);
  }
}

/** What the provider says of itself. Throws `sign_in_refused` when that cannot be read. */
export async function reached(
  { settings, configuration }: OidcProvider,
  report: Report,
): Promise<client.Configuration> {
  try {
    return await configuration();
  } catch (error) {
    report(`The provider '${settings.id}' at ${settings.issuer} cannot be used: ${failureText(error)}`);
    throw refuseSignIn('provider_unavailable', error);
  }
}
