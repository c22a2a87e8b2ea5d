import { isLoopback, type OidcProviderSettings } from '@agnes/config';
import * as client from 'openid-client';
import { boundedFetch } from '../bounded-fetch.ts';

/** A provider and what it says of itself. */
export interface OidcProvider {
  readonly settings: OidcProviderSettings;
  /** Where the provider sends people back to. */
  readonly redirectUri: string;
  /** Its metadata, asked for when it is needed and again every hour. Throws what the network and the provider do. */
  configuration(): Promise<client.Configuration>;
}

const HOUR_MS = 3_600_000;
const TIMEOUT_SECONDS = 10;
/** How far the provider's clock may be from ours. */
const SKEW_SECONDS = 60;

/** A provider of the configuration. Nothing is asked yet: a server starts also while its provider is down. */
export function openProvider(settings: OidcProviderSettings, serverUrl: string): OidcProvider {
  let held: { readonly configuration: Promise<client.Configuration>; readonly until: number } | undefined;
  return {
    settings,
    redirectUri: `${serverUrl}${settings.id === 'google' ? '/auth/google/callback' : `/auth/oidc/${settings.id}/callback`}`,
    async configuration() {
      const now = performance.now();
      if (held === undefined || held.until <= now) {
        held = { configuration: discover(settings), until: now + HOUR_MS };
      }
      try {
        return await held.configuration;
      } catch (error) {
        held = undefined;
        throw error;
      }
    },
  };
}

async function discover(settings: OidcProviderSettings): Promise<client.Configuration> {
  const issuer = new URL(settings.issuer);
  const { clientId, clientSecret } = settings;
  const configuration = await client.discovery(
    issuer,
    clientId,
    { [client.clockTolerance]: SKEW_SECONDS },
    clientSecret === undefined ? client.None() : bySecret(clientSecret.reveal()),
    {
      timeout: TIMEOUT_SECONDS,
      [client.customFetch]: (url, init) => boundedFetch(url, init as RequestInit),
      // The settings let an issuer be http on this machine only.
      execute: isLoopback(issuer.hostname) ? [client.allowInsecureRequests] : [],
    },
  );
  // The signature of the ID token is checked too, though it comes straight from the provider.
  client.enableNonRepudiationChecks(configuration);
  return configuration;
}

/** In the header, as every provider should take it, unless this one says that it does not. */
function bySecret(secret: string): client.ClientAuth {
  const basic = client.ClientSecretBasic(secret);
  const post = client.ClientSecretPost(secret);
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const takesBasic = methods === undefined || methods.includes('client_secret_basic');
    return (takesBasic ? basic : post)(server, ...rest);
  };
}
