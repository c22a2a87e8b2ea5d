import { AgnesError } from '@agnes/errors';

const REASONS = {
  oauth_failed: ['The provider did not confirm the sign-in.', 'Try again.'],
  cancelled: ['The sign-in was cancelled at the provider.', 'Try again.'],
  expired: [
    'This sign-in is over, was finished already, or began in another browser.',
    'Begin again on the sign-in page, in this browser.',
  ],
  provider_unavailable: ['The provider does not answer as it should.', 'Try again in a while.'],
  no_email: ['The provider gives no e-mail address.', 'Let it give the scope `email`.'],
  email_not_verified: ['The provider has not verified the e-mail address.', 'Verify it there.'],
  domain_not_allowed: ['Addresses of this domain may not sign in here.', 'Use the account of your organisation.'],
  no_account: ['There is no account for this address.', 'Ask an administrator to add it.'],
  other_identity: [
    'The account of this address belongs to another person at the provider.',
    'Ask an administrator: the address may have gone to somebody new.',
  ],
  not_in_allowed_group: ['You are in none of the groups that may sign in here.', 'Ask to be added to one of them.'],
  deactivated: ['This account is deactivated.', 'Ask an administrator to activate it.'],
} as const satisfies Record<string, readonly [message: string, hint: string]>;

/** Why a sign-in through a provider ended; stands in the URL of the sign-in page as `error`. */
export type RefusalReason = keyof typeof REASONS;

/** What a page says about `error` in its URL; undefined for what is no reason of ours. */
export function wordsOfRefusal(reason: string): { readonly message: string; readonly hint: string } | undefined {
  if (!Object.hasOwn(REASONS, reason)) return undefined;
  const [message, hint] = REASONS[reason as RefusalReason];
  return { message, hint };
}

/** Whether the server's log says more of such a refusal, by the id of its request. */
export function isInLog(reason: string): boolean {
  return reason === 'oauth_failed' || reason === 'provider_unavailable';
}

/** The refusal of a sign-in through a provider; its reason is in `details.reason`. */
export function refuseSignIn(reason: RefusalReason, cause?: unknown): AgnesError {
  const [message, hint] = REASONS[reason];
  const code = reason === 'deactivated' ? 'account_deactivated' : 'sign_in_refused';
  return new AgnesError(code, message, { hint, details: { reason }, ...(cause === undefined ? {} : { cause }) });
}
