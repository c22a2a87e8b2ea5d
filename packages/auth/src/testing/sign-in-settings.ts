import { type MailSettings, type OidcProviderSettings, Secret, type SignInSettings } from '@agnes/config';

/** Ways in over a mail server on this machine, without TLS unless said otherwise. */
export function mailTo(port: number, more: Partial<MailSettings> = {}): SignInSettings {
  const mail = {
    host: 'localhost',
    port,
    user: undefined,
    password: undefined,
    from: 'agnes@example.com',
    tls: false,
    ...more,
  };
  return { mail, oidc: [], googleGroups: undefined };
}

export function oidcSettings(
  provider: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string },
  more: Partial<OidcProviderSettings> = {},
): OidcProviderSettings {
  const { issuer, clientId, clientSecret } = provider;
  return {
    id: 'corp',
    issuer,
    clientId,
    clientSecret: new Secret(clientSecret),
    label: 'Corp',
    scopes: ['openid', 'email', 'profile'],
    allowedDomains: ['example.com'],
    autoCreate: true,
    groupsClaim: undefined,
    groupMapping: undefined,
    ...more,
  };
}
