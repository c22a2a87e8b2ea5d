import { AgnesError } from '@agnes/errors';
import type * as v from 'valibot';
import { DEFAULT_SCOPES, type OidcProviderSettings } from './oidc-settings.ts';
import type { Secret } from './secret.ts';
import type { SIGN_IN_SETTINGS } from './settings-sign-in.ts';

/** How mail is sent. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  readonly from: string;
  readonly tls: boolean;
}

/** Where Google groups are read and what they mean here. */
export interface GoogleGroupsSettings {
  readonly subject: string;
  readonly serviceAccount: string | undefined;
  readonly keyFile: string | undefined;
  readonly checkUsers: boolean;
  readonly prefix: string | undefined;
  readonly adminGroup: string | undefined;
  readonly everyoneGroup: string | undefined;
  readonly tokenUrl: string;
  readonly directoryUrl: string;
  readonly iamUrl: string;
  readonly metadataUrl: string;
}

/** The ways in that configuration switches on. */
export interface SignInSettings {
  readonly mail: MailSettings | undefined;
  /** Google's preset is the one with the id `google`. */
  readonly oidc: readonly OidcProviderSettings[];
  readonly googleGroups: GoogleGroupsSettings | undefined;
}

export type SignInRead = {
  readonly [Key in keyof typeof SIGN_IN_SETTINGS]: v.InferOutput<(typeof SIGN_IN_SETTINGS)[Key]['schema']>;
};

/** What the settings mean together. Throws `invalid_config` for half of a way in, so that nothing is open by mistake. */
export function signInOf(read: SignInRead): SignInSettings {
  const oidc = [...(read.oidcProviders ?? []), ...oneProvider(read), ...google(read)];
  const ids = new Set<string>();
  for (const { id } of oidc) {
    if (ids.has(id)) {
      throw refuse(`There are two OIDC providers with the id '${id}'.`, 'Rename the one in instance.yaml.');
    }
    ids.add(id);
  }
  const checked = oidc.map((provider) => checkedProvider(provider, read.allowedDomains ?? []));
  refuseProviderForAnybody(checked);
  return { mail: mail(read), oidc: checked, googleGroups: googleGroups(read) };
}

function mail(read: SignInRead): MailSettings | undefined {
  const { smtpHost: host, smtpFrom: from, smtpUser: user, smtpPassword: password } = read;
  if (host === undefined) return undefined;
  if (from === undefined)
    throw refuse('SMTP_HOST is set, but SMTP_FROM is not.', 'Set SMTP_FROM to the address that mail comes from.');
  if ((user === undefined) !== (password === undefined)) {
    throw refuse('Of SMTP_USER and SMTP_PASSWORD only one is set.', 'Set both, or neither.');
  }
  return { host, port: read.smtpPort, user, password, from, tls: read.smtpUseTls };
}

function oneProvider(read: SignInRead): OidcProviderSettings[] {
  const { oidcIssuer: issuer, oidcClientId: clientId } = read;
  if (issuer === undefined && clientId === undefined) return [];
  if (issuer === undefined || clientId === undefined) {
    throw refuse('Of OIDC_ISSUER and OIDC_CLIENT_ID only one is set.', 'Set both, or neither.');
  }
  return [
    {
      id: 'oidc',
      issuer,
      clientId,
      clientSecret: read.oidcClientSecret,
      label: read.oidcLabel,
      scopes: read.oidcScopes ?? DEFAULT_SCOPES,
      allowedDomains: read.oidcAllowedDomains ?? [],
      autoCreate: read.oidcAutoCreate,
      groupsClaim: read.oidcGroupsClaim,
      groupMapping: read.oidcGroupMapping,
    },
  ];
}

function google(read: SignInRead): OidcProviderSettings[] {
  const { googleClientId: clientId, googleClientSecret: clientSecret } = read;
  if (clientId === undefined && clientSecret === undefined) return [];
  if (clientId === undefined || clientSecret === undefined) {
    throw refuse('Of GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET only one is set.', 'Set both, or neither.');
  }
  return [
    {
      id: 'google',
      issuer: read.googleIssuer,
      clientId,
      clientSecret,
      label: 'Google',
      scopes: DEFAULT_SCOPES,
      allowedDomains: [],
      autoCreate: read.googleAutoCreate ?? read.allowedDomains !== undefined,
      groupsClaim: undefined,
      groupMapping: undefined,
    },
  ];
}

function checkedProvider(provider: OidcProviderSettings, fallback: readonly string[]): OidcProviderSettings {
  const allowedDomains = provider.allowedDomains.length > 0 ? provider.allowedDomains : fallback;
  if (provider.autoCreate && allowedDomains.length === 0) {
    throw refuse(
      `The provider '${provider.id}' would make an account for anybody: it makes accounts, and no domain is named.`,
      'Name the domains (AGNES_ALLOWED_DOMAINS, or allowed_domains of the provider), or `*` if everybody it knows may come in.',
    );
  }
  if (!provider.scopes.includes('openid')) {
    throw refuse(`The scopes of the provider '${provider.id}' do not hold \`openid\`.`, 'Add it.');
  }
  if (provider.groupMapping !== undefined && provider.groupsClaim === undefined) {
    throw refuse(
      `The provider '${provider.id}' has a group mapping, but no claim that lists groups.`,
      'Set groups_claim (OIDC_GROUPS_CLAIM) too.',
    );
  }
  return { ...provider, allowedDomains };
}

/**
 * A provider speaks for every address of its domains, an administrator's too. With several of them each says for which; only
 * Google is held to the addresses that are its own.
 */
function refuseProviderForAnybody(providers: readonly OidcProviderSettings[]): void {
  if (providers.length < 2) return;
  const open = providers.find(({ id, allowedDomains }) => id !== 'google' && allowedDomains.length === 0);
  if (open === undefined) return;
  throw refuse(
    `There are several identity providers, and '${open.id}' names no domains, so it could sign anybody in.`,
    'Name its domains (allowed_domains, OIDC_ALLOWED_DOMAINS), or `*` if it may answer for every address.',
  );
}

function googleGroups(read: SignInRead): GoogleGroupsSettings | undefined {
  const { googleSubject: subject } = read;
  if (subject === undefined) {
    const needless = (
      [
        ['AGNES_GOOGLE_GROUP_PREFIX', read.googleGroupPrefix],
        ['AGNES_GROUP_ADMIN_EMAIL', read.googleAdminGroup],
        ['GOOGLE_ADMIN_SDK_KEY_FILE', read.googleKeyFile],
        ['GOOGLE_ADMIN_SDK_SA_EMAIL', read.googleServiceAccount],
      ] as const
    ).find(([, value]) => value !== undefined);
    if (needless === undefined) return undefined;
    throw refuse(
      `${needless[0]} is set, but GOOGLE_ADMIN_SDK_SUBJECT is not, so no group would be read.`,
      'Set GOOGLE_ADMIN_SDK_SUBJECT.',
    );
  }
  if (read.googleClientId === undefined) {
    throw refuse(
      'GOOGLE_ADMIN_SDK_SUBJECT is set, but GOOGLE_CLIENT_ID is not.',
      'Set up signing in with Google first.',
    );
  }
  if (read.googleKeyFile !== undefined && read.googleServiceAccount !== undefined) {
    throw refuse(
      'GOOGLE_ADMIN_SDK_KEY_FILE and GOOGLE_ADMIN_SDK_SA_EMAIL are both set.',
      'The first signs with a key, the second without one: keep one of them.',
    );
  }
  const { googleGroupPrefix: prefix } = read;
  const outside = [read.googleAdminGroup, read.googleEveryoneGroup].find(
    (group) => prefix !== undefined && group !== undefined && !group.startsWith(prefix),
  );
  if (outside !== undefined) {
    throw refuse(
      'AGNES_GROUP_ADMIN_EMAIL or AGNES_GROUP_EVERYONE_EMAIL names a group that AGNES_GOOGLE_GROUP_PREFIX leaves out.',
      'Name groups that begin with the prefix, or shorten it.',
    );
  }
  return {
    subject,
    serviceAccount: read.googleServiceAccount,
    keyFile: read.googleKeyFile,
    checkUsers: read.googleCheckUsers,
    prefix,
    adminGroup: read.googleAdminGroup,
    everyoneGroup: read.googleEveryoneGroup,
    tokenUrl: read.googleTokenUrl,
    directoryUrl: read.googleDirectoryUrl,
    iamUrl: read.googleIamUrl,
    metadataUrl: read.googleMetadataUrl,
  };
}

const refuse = (message: string, hint: string): AgnesError => new AgnesError('invalid_config', message, { hint });
