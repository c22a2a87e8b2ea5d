import * as v from 'valibot';
import { groupMapping, oidcProviders, scopes } from './oidc-settings.ts';
import { DAY, email, flag, integer, optionalText, setting, text } from './setting.ts';
import { domains, safeUrl, secretText } from './sign-in-schemas.ts';

const json = v.pipe(
  v.string(),
  v.parseJson(undefined, 'must be a JSON object of claim values and names of groups'),
  groupMapping,
);
const secret = { schema: v.optional(secretText), fallback: '', secret: true } as const;
const endpoint = (url: string) => ({ schema: v.optional(safeUrl, url), fallback: url });

/** Settings of the ways in: mail, OIDC providers, Google. */
export const SIGN_IN_SETTINGS = {
  smtpHost: setting({
    env: ['SMTP_HOST'],
    file: 'email.smtp_host',
    schema: optionalText,
    fallback: '',
    meaning:
      'The mail server. Without it nobody gets mail: sign-in links are off, and an administrator hands links over.',
  }),
  smtpPort: setting({
    env: ['SMTP_PORT'],
    file: 'email.smtp_port',
    schema: integer(1, 65_535, 587),
    fallback: '587',
    meaning: 'Its port; on 465 TLS begins with the connection, elsewhere by STARTTLS.',
  }),
  smtpUser: setting({
    env: ['SMTP_USER'],
    file: 'email.smtp_user',
    schema: optionalText,
    fallback: '',
    meaning: 'The account on the mail server, when it asks for one.',
  }),
  smtpPassword: setting({
    env: ['SMTP_PASSWORD'],
    file: 'email.smtp_password',
    ...secret,
    meaning: 'The password of that account.',
  }),
  smtpFrom: setting({
    env: ['SMTP_FROM', 'EMAIL_FROM_ADDRESS'],
    file: 'email.from_address',
    schema: email,
    fallback: '',
    meaning: 'The address that mail comes from. Needed with SMTP_HOST.',
  }),
  smtpUseTls: setting({
    env: ['SMTP_USE_TLS'],
    file: 'email.smtp_use_tls',
    schema: v.optional(flag, true),
    fallback: 'true',
    meaning:
      'Whether mail goes over TLS only. `false` sends in clear, for a relay on this machine or a trusted network.',
  }),
  allowedDomains: setting({
    env: ['AGNES_ALLOWED_DOMAINS'],
    file: 'auth.allowed_domain',
    schema: v.optional(domains),
    fallback: '',
    meaning:
      'E-mail domains, separated by commas, that may sign in with Google and with every provider that names none of its own; exact, `*` for any.',
  }),
  oidcProviders: setting({
    env: ['AGNES_OIDC_PROVIDERS'],
    file: 'auth.oidc',
    schema: oidcProviders,
    secret: true,
    fallback: '',
    meaning:
      'Identity providers by id, as a map in instance.yaml or as JSON; see the page on OIDC. Taken whole from where it stands.',
  }),
  oidcIssuer: setting({
    env: ['OIDC_ISSUER'],
    schema: v.optional(safeUrl),
    fallback: '',
    meaning: 'The issuer of one identity provider, with the id `oidc`. More than one: `auth.oidc` in instance.yaml.',
  }),
  oidcClientId: setting({
    env: ['OIDC_CLIENT_ID'],
    schema: optionalText,
    fallback: '',
    meaning: 'The id under which that provider knows this server.',
  }),
  oidcClientSecret: setting({ env: ['OIDC_CLIENT_SECRET'], ...secret, meaning: 'The secret that goes with it.' }),
  oidcLabel: setting({
    env: ['OIDC_LABEL'],
    schema: v.optional(text(), 'Single sign-on'),
    fallback: 'Single sign-on',
    meaning: 'What the sign-in page calls that provider.',
  }),
  oidcScopes: setting({
    env: ['OIDC_SCOPES'],
    schema: v.optional(scopes),
    fallback: 'openid,email,profile',
    meaning: 'Scopes to ask for, separated by commas.',
  }),
  oidcAllowedDomains: setting({
    env: ['OIDC_ALLOWED_DOMAINS'],
    schema: v.optional(domains),
    fallback: 'AGNES_ALLOWED_DOMAINS',
    meaning: 'E-mail domains, separated by commas, that may sign in with that provider; exact, `*` for any.',
  }),
  oidcAutoCreate: setting({
    env: ['OIDC_AUTO_CREATE'],
    schema: v.optional(flag, false),
    fallback: 'false',
    meaning: 'Whether somebody of an allowed domain without an account gets one.',
  }),
  oidcGroupsClaim: setting({
    env: ['OIDC_GROUPS_CLAIM'],
    schema: optionalText,
    fallback: '',
    meaning: 'The claim that lists groups, for instance `groups`. Without it the provider says nothing about groups.',
  }),
  oidcGroupMapping: setting({
    env: ['OIDC_GROUP_MAPPING'],
    schema: v.optional(json),
    fallback: '',
    meaning: 'A JSON object, value of the claim → name of a group here. Without it values are names of groups.',
  }),
  googleClientId: setting({
    env: ['GOOGLE_CLIENT_ID'],
    file: 'auth.google_client_id',
    schema: optionalText,
    fallback: '',
    meaning: 'The OAuth client of this server at Google; switches on signing in with Google.',
  }),
  googleClientSecret: setting({
    env: ['GOOGLE_CLIENT_SECRET'],
    file: 'auth.google_client_secret',
    ...secret,
    meaning: 'The secret that goes with it.',
  }),
  googleAutoCreate: setting({
    env: ['GOOGLE_AUTO_CREATE'],
    file: 'auth.google_auto_create',
    schema: v.optional(flag),
    fallback: 'true with AGNES_ALLOWED_DOMAINS, else false',
    meaning: 'Whether somebody of an allowed domain without an account gets one.',
  }),
  googleSubject: setting({
    env: ['GOOGLE_ADMIN_SDK_SUBJECT'],
    file: 'auth.google_admin_sdk_subject',
    schema: email,
    fallback: '',
    meaning: 'The Workspace administrator in whose name groups are read; switches on Google groups.',
  }),
  googleServiceAccount: setting({
    env: ['GOOGLE_ADMIN_SDK_SA_EMAIL'],
    file: 'auth.google_admin_sdk_sa_email',
    schema: email,
    fallback: 'the account of this machine',
    meaning: 'The service account that signs without a key, through the metadata server and IAM.',
  }),
  googleKeyFile: setting({
    env: ['GOOGLE_ADMIN_SDK_KEY_FILE'],
    file: 'auth.google_admin_sdk_key_file',
    schema: optionalText,
    fallback: '',
    meaning: 'The JSON key of the service account, where there is no metadata server.',
  }),
  googleCheckUsers: setting({
    env: ['GOOGLE_ADMIN_SDK_CHECK_USERS'],
    file: 'auth.google_admin_sdk_check_users',
    schema: v.optional(flag, false),
    fallback: 'false',
    meaning:
      'Whether accounts that Google suspended or deleted are deactivated here; needs the scope admin.directory.user.readonly too.',
  }),
  googleGroupPrefix: setting({
    env: ['AGNES_GOOGLE_GROUP_PREFIX'],
    file: 'auth.google_group_prefix',
    schema: v.optional(v.pipe(text(), v.toLowerCase())),
    fallback: '',
    meaning: 'Only groups whose address begins with this count, and who is in none of them cannot sign in with Google.',
  }),
  googleAdminGroup: setting({
    env: ['AGNES_GROUP_ADMIN_EMAIL'],
    file: 'auth.group_admin_email',
    schema: email,
    fallback: '',
    meaning: 'The Google group whose members are administrators.',
  }),
  googleEveryoneGroup: setting({
    env: ['AGNES_GROUP_EVERYONE_EMAIL'],
    file: 'auth.group_everyone_email',
    schema: email,
    fallback: '',
    meaning: 'A Google group that gets no group of its own here, because it stands for Everyone.',
  }),
  googleSyncSeconds: setting({
    env: ['AGNES_GOOGLE_SYNC_INTERVAL'],
    file: 'auth.google_sync_interval',
    schema: integer(60, DAY, 900),
    fallback: '900',
    meaning: 'Seconds between two looks at the Google groups of everybody who signed in with Google.',
  }),
  googleIssuer: setting({
    env: ['GOOGLE_ISSUER'],
    ...endpoint('https://accounts.google.com'),
    meaning: 'Where Google signs people in.',
  }),
  googleTokenUrl: setting({
    env: ['GOOGLE_TOKEN_URL'],
    ...endpoint('https://oauth2.googleapis.com/token'),
    meaning: 'Where the service account gets its access token.',
  }),
  googleDirectoryUrl: setting({
    env: ['GOOGLE_DIRECTORY_URL'],
    ...endpoint('https://admin.googleapis.com'),
    meaning: 'The Directory API of the Admin SDK.',
  }),
  googleIamUrl: setting({
    env: ['GOOGLE_IAM_URL'],
    ...endpoint('https://iamcredentials.googleapis.com'),
    meaning: 'The IAM Credentials API, which signs without a key.',
  }),
  googleMetadataUrl: setting({
    env: ['GOOGLE_METADATA_URL'],
    schema: v.optional(
      v.pipe(
        text('must be a URL'),
        v.check(
          (value) => /^http:\/\/(?:metadata\.google\.internal|169\.254\.169\.254|127\.0\.0\.1:\d+)\/?$/.test(value),
          'must be the metadata server of this machine',
        ),
      ),
      'http://metadata.google.internal',
    ),
    fallback: 'http://metadata.google.internal',
    meaning: 'The metadata server of a machine at Google.',
  }),
} as const;
