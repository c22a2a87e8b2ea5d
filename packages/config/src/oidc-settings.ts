import * as v from 'valibot';
import type { Secret } from './secret.ts';
import { flag, text } from './setting.ts';
import { domains, listOf, safeUrl, secretText } from './sign-in-schemas.ts';
import { unknownKey } from './unknown-key.ts';

/** One identity provider that people may sign in with. */
export interface OidcProviderSettings {
  /** Stands in the URLs of the sign-in and in the source of memberships (`oidc:<id>`). */
  readonly id: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client, which PKCE alone protects. */
  readonly clientSecret: Secret | undefined;
  /** What the sign-in page calls it. */
  readonly label: string;
  readonly scopes: readonly string[];
  /** Domains whose addresses may sign in; empty or `*` for any. */
  readonly allowedDomains: readonly string[];
  /** Whether somebody without an account gets one. */
  readonly autoCreate: boolean;
  readonly groupsClaim: string | undefined;
  /** Value of the claim → name of a group. Without it a value is the name of the group, system groups excepted. */
  readonly groupMapping: Readonly<Record<string, string>> | undefined;
}

export const scopes = listOf('must be scopes such as openid email profile', /^[\x21\x23-\x5b\x5d-\x7e]+$/);
export const groupMapping = v.record(
  v.string(),
  v.pipe(v.string('must be the name of a group'), v.trim(), v.nonEmpty('must be the name of a group')),
  'must map values of the claim to names of groups',
);

const entries = {
  issuer: safeUrl,
  client_id: text('must be text'),
  client_secret: v.optional(secretText),
  label: v.optional(text('must be text')),
  scopes: v.optional(scopes),
  allowed_domains: v.optional(domains),
  auto_create: v.optional(flag, false),
  groups_claim: v.optional(text('must be the name of a claim')),
  group_mapping: v.optional(groupMapping),
};
const KEYS = Object.keys(entries);
const provider = v.strictObject(entries, (issue) =>
  issue.expected === 'never' ? notAKey(issue) : 'is missing, or is not what it must be',
);

function notAKey({ path }: v.StrictObjectIssue): string {
  const { meant } = unknownKey(String(path?.at(-1)?.key), KEYS);
  return `is not a key of an OIDC provider${meant === undefined ? ` (those are ${KEYS.join(', ')})` : `: did you mean '${meant}'?`}`;
}

const providers = v.record(
  v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower-case letters, digits and hyphens'),
    v.check((id) => id !== 'google', 'is taken: set GOOGLE_CLIENT_ID for Google'),
  ),
  provider,
  'must hold providers by id',
);

/** The providers of instance.yaml, under `auth.oidc`, or as JSON. A message says which key of which provider is wrong. */
export const oidcProviders = v.optional(
  v.pipe(
    v.union([v.pipe(v.string(), v.parseJson(undefined, 'must be a JSON object')), v.unknown()]),
    v.rawTransform(({ dataset, addIssue, NEVER }): OidcProviderSettings[] => {
      const result = v.safeParse(providers, dataset.value);
      if (result.success) return Object.entries(result.output).map(([id, entry]) => settingsOf(id, entry));
      // A key that is missing is most often there, mistyped.
      const issue = result.issues.find(({ expected }) => expected === 'never') ?? result.issues[0];
      const path = pathOf(issue);
      addIssue({ message: path === null ? issue.message : `has '${path}', which ${issue.message}` });
      return NEVER;
    }),
  ),
);

function pathOf(issue: v.BaseIssue<unknown>): string | null {
  const path = v.getDotPath(issue);
  return path === null || issue.expected !== 'never' ? path : unknownKey(path, KEYS).shown;
}

function settingsOf(id: string, entry: v.InferOutput<typeof provider>): OidcProviderSettings {
  return {
    id,
    issuer: entry.issuer,
    clientId: entry.client_id,
    clientSecret: entry.client_secret,
    label: entry.label ?? id,
    scopes: entry.scopes ?? DEFAULT_SCOPES,
    allowedDomains: entry.allowed_domains ?? [],
    autoCreate: entry.auto_create,
    groupsClaim: entry.groups_claim,
    groupMapping: entry.group_mapping,
  };
}

export const DEFAULT_SCOPES: readonly string[] = ['openid', 'email', 'profile'];
