import * as v from 'valibot';
import { defineOperation, type Operation } from '../operation.ts';
import { idParams } from '../schemas.ts';

/**
 * A field of a form, empty when it was not sent. The page that answers checks it and says what to mend, so nothing but its
 * length is refused before.
 */
const field = (most: number) => v.optional(v.pipe(v.string(), v.maxLength(most)), '');
const email = field(1000);
const password = field(4096);
const token = field(1000);
/** Where to go afterwards; a path of this server, or it is ignored. */
const next = field(4096);
/** Whom the page that has the form was made for: another tab may have signed in somebody else since. */
const as = field(200);
/** Names a sentence that the page shows; an unknown name shows none. */
const notice = v.optional(v.pipe(v.string(), v.maxLength(100)));

const page = { tag: 'pages', status: 200, response: { binary: 'text/html' }, errors: [] } as const;
const anybody = { ...page, access: 'visitor' } as const;
const person = { ...page, access: 'session' } as const;
const show = { method: 'GET' } as const;
const send = { method: 'POST', form: true } as const;

/** The pages that signing in needs: plain HTML, forms, no script. */
export const pageOperations = {
  showStart: defineOperation({
    ...anybody,
    ...show,
    id: 'showStart',
    path: '/',
    summary: 'Sends a browser to the account page, or to the sign-in page.',
    status: 303,
    response: 'empty',
  }),
  showLogin: defineOperation({
    ...anybody,
    ...show,
    id: 'showLogin',
    path: '/login',
    summary: 'The sign-in page: password, identity providers, link by mail.',
    query: v.object({ next, error: notice, request: notice, done: notice }),
  }),
  sendLogin: defineOperation({
    ...anybody,
    ...send,
    id: 'sendLogin',
    path: '/login',
    summary: 'Signs a browser in with e-mail address and password.',
    body: v.object({ email, password, next }),
    errors: ['csrf_refused'],
  }),
  showEmailLink: defineOperation({
    ...anybody,
    ...show,
    id: 'showEmailLink',
    path: '/login/email',
    summary: 'Asks for the address to which a sign-in link goes.',
  }),
  sendEmailLink: defineOperation({
    ...anybody,
    ...send,
    id: 'sendEmailLink',
    path: '/login/email',
    summary: 'Mails a sign-in link, if there is an account. The page is the same if there is none.',
    body: v.object({ email }),
    errors: ['csrf_refused'],
  }),
  showLink: defineOperation({
    ...anybody,
    ...show,
    id: 'showLink',
    path: '/login/link',
    summary: 'What a sign-in link leads to. It asks first, so that a program which follows links uses up nothing.',
    query: v.object({ token }),
  }),
  sendLink: defineOperation({
    ...anybody,
    ...send,
    id: 'sendLink',
    path: '/login/link',
    summary: 'Signs a browser in with a link, once.',
    body: v.object({ token }),
    errors: ['csrf_refused'],
  }),
  showForgot: defineOperation({
    ...anybody,
    ...show,
    id: 'showForgot',
    path: '/login/forgot',
    summary: 'Asks for the address of an account whose password is forgotten.',
  }),
  sendForgot: defineOperation({
    ...anybody,
    ...send,
    id: 'sendForgot',
    path: '/login/forgot',
    summary: 'Mails a link to set a password, if there is an account. The page is the same if there is none.',
    body: v.object({ email }),
    errors: ['csrf_refused'],
  }),
  showSetPassword: defineOperation({
    ...anybody,
    ...show,
    id: 'showSetPassword',
    path: '/login/password',
    summary: 'What a link to set a password, or an invitation, leads to.',
    query: v.object({ token }),
  }),
  sendSetPassword: defineOperation({
    ...anybody,
    ...send,
    id: 'sendSetPassword',
    path: '/login/password',
    summary: 'Sets a password with a link, once, and signs the browser in.',
    body: v.object({ token, name: field(1000), password, repeated: password }),
    errors: ['csrf_refused'],
  }),
  showDevice: defineOperation({
    ...person,
    ...show,
    id: 'showDevice',
    path: '/login/device',
    summary: 'Asks for the code that a device shows, then says who asks from where.',
    query: v.object({ user_code: field(200) }),
  }),
  sendDevice: defineOperation({
    ...person,
    ...send,
    id: 'sendDevice',
    path: '/login/device',
    summary: 'Lets a waiting device in, or turns it away.',
    body: v.object({ user_code: field(200), answer: field(20), as }),
    errors: ['csrf_refused'],
  }),
  sendLogout: defineOperation({
    ...anybody,
    ...send,
    id: 'sendLogout',
    path: '/logout',
    summary: 'Ends the session of the browser and forgets its cookie.',
    status: 303,
    response: 'empty',
    errors: ['csrf_refused'],
  }),
  showAccount: defineOperation({
    ...person,
    ...show,
    id: 'showAccount',
    path: '/account',
    summary: 'Who the person is, and in which groups.',
    query: v.object({ done: notice }),
  }),
  showTokens: defineOperation({
    ...person,
    ...show,
    id: 'showTokens',
    path: '/account/tokens',
    summary: "The person's access tokens, and a form to make one.",
    query: v.object({ done: notice }),
  }),
  sendToken: defineOperation({
    ...person,
    ...send,
    id: 'sendToken',
    path: '/account/tokens',
    summary: 'Makes an access token and shows it, this once.',
    body: v.object({ name: field(1000), scope: field(100), expires: field(20), as }),
    errors: ['csrf_refused'],
  }),
  sendRevokeToken: defineOperation({
    ...person,
    ...send,
    id: 'sendRevokeToken',
    path: '/account/tokens/{id}/revoke',
    summary: "Revokes one of the person's access tokens.",
    params: idParams,
    body: v.object({ as }),
    status: 303,
    response: 'empty',
    errors: ['csrf_refused', 'token_not_found'],
  }),
  showSessions: defineOperation({
    ...person,
    ...show,
    id: 'showSessions',
    path: '/account/sessions',
    summary: 'Where the person is signed in.',
    query: v.object({ done: notice }),
  }),
  sendEndSession: defineOperation({
    ...person,
    ...send,
    id: 'sendEndSession',
    path: '/account/sessions/{id}/end',
    summary: "Ends one of the person's sessions.",
    params: idParams,
    body: v.object({ as }),
    status: 303,
    response: 'empty',
    errors: ['csrf_refused'],
  }),
  sendEndOtherSessions: defineOperation({
    ...person,
    ...send,
    id: 'sendEndOtherSessions',
    path: '/account/sessions/end-others',
    summary: 'Signs the person out everywhere but here.',
    body: v.object({ as }),
    status: 303,
    response: 'empty',
    errors: ['csrf_refused'],
  }),
  showAsset: defineOperation({
    ...page,
    ...show,
    id: 'showAsset',
    access: 'public',
    path: '/assets/{name}',
    summary: 'The stylesheet of the pages; its name is its hash, so it never changes.',
    params: v.object({ name: v.pipe(v.string(), v.maxLength(100)) }),
    response: { binary: 'text/css' },
    errors: ['not_found'],
  }),
} satisfies Record<string, Operation>;
