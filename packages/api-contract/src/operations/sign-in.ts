import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { email, idParams, password, shortText } from '../schemas.ts';
import { signedIn } from './signed-in.ts';

const token = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const message = v.object({ message: v.string() });

const askForLink = {
  method: 'POST',
  tag: 'sign-in',
  access: 'public',
  body: v.object({ email }),
  status: 200,
  response: message,
  errors: ['sign_in_unavailable', 'too_many_requests'],
} as const;

const setByLink = {
  method: 'POST',
  tag: 'sign-in',
  access: 'public',
  body: v.object({
    token,
    password,
    /** When given, the account that the link must be for. */
    email: v.optional(email),
    /** A name for an account that has none. */
    name: v.optional(v.nullable(shortText)),
  }),
  status: 200,
  response: signedIn,
  errors: ['invalid_credentials', 'account_deactivated', 'weak_password', 'too_many_requests'],
} as const;

const redirect = {
  method: 'GET',
  tag: 'sign-in',
  access: 'public',
  status: 302,
  response: 'empty',
  errors: ['sign_in_unavailable'],
} as const;

const provider = v.object({ provider: v.pipe(v.string(), v.maxLength(40)) });
const next = v.object({ next: v.optional(v.string()) });
/** Where the provider leads back to: the session that the browser had before ends there. */
const comeBack = { ...redirect, access: 'visitor' } as const;
/** What a provider sends back; whatever else it adds goes on to the library that reads it. */
const callback = v.objectWithRest(
  { code: v.optional(v.string()), state: v.optional(v.string()), error: v.optional(v.string()) },
  v.string(),
);

export const signInOperations = {
  waysIn: defineOperation({
    id: 'waysIn',
    method: 'GET',
    path: '/auth/ways',
    tag: 'sign-in',
    summary: 'How people can sign in at this server.',
    access: 'public',
    status: 200,
    response: v.object({
      password: v.boolean(),
      /** Whether links and passwords are sent by mail. */
      mail: v.boolean(),
      providers: v.array(v.object({ id: v.string(), label: v.string(), login_path: v.string() })),
    }),
    errors: [],
  }),
  sendMagicLink: defineOperation({
    ...askForLink,
    id: 'sendMagicLink',
    path: '/auth/email/send-link',
    summary: 'Mails a sign-in link, if there is an account. The answer is the same if there is none.',
  }),
  verifyMagicLink: defineOperation({
    id: 'verifyMagicLink',
    method: 'POST',
    path: '/auth/email/verify',
    tag: 'sign-in',
    summary: 'Signs in with the token of a link, once.',
    access: 'public',
    body: v.object({ token, email: v.optional(email) }),
    status: 200,
    response: signedIn,
    errors: ['invalid_credentials', 'account_deactivated', 'too_many_requests'],
  }),
  setUpPassword: defineOperation({
    ...setByLink,
    id: 'setUpPassword',
    path: '/auth/password/setup',
    summary: 'Chooses the password of an invited account, with the token of the invitation.',
  }),
  requestPasswordSetUp: defineOperation({
    ...askForLink,
    id: 'requestPasswordSetUp',
    path: '/auth/password/setup/request',
    summary: 'The same as `/auth/password/reset`, for an account that has no password yet.',
  }),
  confirmPasswordSetUp: defineOperation({
    ...setByLink,
    id: 'confirmPasswordSetUp',
    path: '/auth/password/setup/confirm',
    summary: 'The same as `/auth/password/setup`.',
  }),
  requestPasswordReset: defineOperation({
    ...askForLink,
    id: 'requestPasswordReset',
    path: '/auth/password/reset',
    summary: 'Mails a link to set a new password, if there is an account. The answer is the same if there is none.',
  }),
  confirmPasswordReset: defineOperation({
    ...setByLink,
    id: 'confirmPasswordReset',
    path: '/auth/password/reset/confirm',
    summary: 'Sets a new password with the token of the link, ends every session of the account, and signs in.',
  }),
  googleLogin: defineOperation({
    ...redirect,
    id: 'googleLogin',
    path: '/auth/google/login',
    summary: 'Sends the browser to Google to sign in; `next` is the path of this server to come back to.',
    query: next,
  }),
  googleCallback: defineOperation({
    ...comeBack,
    id: 'googleCallback',
    path: '/auth/google/callback',
    summary: 'Where Google sends the browser back to. Ends on `next`, or on `/login?error=<reason>`.',
    query: callback,
  }),
  oidcLogin: defineOperation({
    ...redirect,
    id: 'oidcLogin',
    path: '/auth/oidc/{provider}/login',
    summary: 'Sends the browser to an identity provider to sign in; `next` is the path of this server to come back to.',
    params: provider,
    query: next,
  }),
  oidcCallback: defineOperation({
    ...comeBack,
    id: 'oidcCallback',
    path: '/auth/oidc/{provider}/callback',
    summary: 'Where an identity provider sends the browser back to. Ends on `next`, or on `/login?error=<reason>`.',
    params: provider,
    query: callback,
  }),
  resetUserPassword: defineOperation({
    id: 'resetUserPassword',
    method: 'POST',
    path: '/api/users/{id}/reset-password',
    tag: 'users',
    summary: 'Makes a link with which the person sets a new password, and mails it where a mail server is configured.',
    access: 'admin',
    params: idParams,
    status: 200,
    /** `email_sent`: whether the mail server took the mail within five seconds. */
    response: v.object({ reset_url: v.string(), email_sent: v.boolean() }),
    errors: ['user_not_found', 'sso_account'],
    cli: 'admin reset-password',
  }),
  inviteUser: defineOperation({
    id: 'inviteUser',
    method: 'POST',
    path: '/api/users/{id}/invite',
    tag: 'users',
    summary:
      'Makes another invitation for an account without a password, and mails it where a mail server is configured.',
    access: 'admin',
    params: idParams,
    status: 200,
    response: v.object({ invite_url: v.string(), invite_email_sent: v.boolean() }),
    errors: ['user_not_found', 'user_exists', 'sso_account'],
  }),
};
