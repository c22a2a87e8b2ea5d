import type { OidcProviderSettings } from '@agnes/config';
import { normaliseEmail } from '@agnes/rbac';
import * as v from 'valibot';
import { isEmailAddress } from '../email-address.ts';
import { refuseSignIn } from './refusal.ts';

/** Who the provider says it is. */
export interface Identity {
  readonly provider: string;
  readonly subject: string;
  readonly email: string;
  readonly name: string | null;
  /** Values of the claim that lists groups; undefined when no claim is configured. */
  readonly groups: readonly string[] | undefined;
}

const claimsSchema = v.object({
  sub: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  email: v.optional(v.string()),
  email_verified: v.optional(v.unknown()),
  name: v.optional(v.unknown()),
  hd: v.optional(v.unknown()),
});
const ASCII = /^\p{ASCII}*$/u;
const groupsSchema = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((one) => [one]),
  ),
]);

/** Reads an identity out of verified claims. Throws the refusal for one that may not come in; `report` is told what is amiss. */
export function identityOf(
  settings: OidcProviderSettings,
  claims: Readonly<Record<string, unknown>>,
  report: (message: string) => void,
): Identity {
  const read = v.safeParse(claimsSchema, claims);
  if (!read.success) {
    report(
      `The ID token of the provider '${settings.id}' lacks a claim, or one is not what it must be: ${namesOf(read.issues)}`,
    );
    throw refuseSignIn('oauth_failed');
  }
  const { sub, email: given, email_verified, name, hd } = read.output;
  if (given === undefined || given === '') throw refuseSignIn('no_email');
  const email = normaliseEmail(given);
  // Looked at as it was given too: the Kelvin sign becomes a k in lower case, and another mailbox the account of this one.
  if (!isEmailAddress(email) || !ASCII.test(given)) throw refuseSignIn('no_email');
  // Some providers write the flag as text.
  if (email_verified !== true && email_verified !== 'true') throw refuseSignIn('email_not_verified');
  if (settings.id === 'google' && !googleAnswersFor(email, hd)) throw refuseSignIn('email_not_verified');
  if (!domainAllowed(settings.allowedDomains, email)) throw refuseSignIn('domain_not_allowed');
  return {
    provider: settings.id,
    subject: sub,
    email,
    name: typeof name === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(name.trim()) ? name.trim() : null,
    groups: settings.groupsClaim === undefined ? undefined : groupsOf(claims[settings.groupsClaim]),
  };
}

const namesOf = (issues: readonly v.BaseIssue<unknown>[]): string =>
  issues.map((issue) => v.getDotPath(issue)).join(', ');

/**
 * Google verified any address once; for one of Gmail or of a Workspace domain (`hd`) it also knows whose it is today.
 * https://developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation
 */
const googleAnswersFor = (email: string, hd: unknown): boolean =>
  email.endsWith('@gmail.com') || (typeof hd === 'string' && hd !== '');

/** Whether addresses of that domain may sign in at the provider. */
export function domainAllowed(allowed: readonly string[], email: string): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1);
  return allowed.length === 0 || allowed.includes('*') || allowed.includes(domain);
}

/** A claim that is not there, or not a list of texts, names no group: what the provider no longer says, nobody has. */
function groupsOf(claim: unknown): readonly string[] {
  const read = v.safeParse(groupsSchema, claim);
  return read.success ? read.output : [];
}
