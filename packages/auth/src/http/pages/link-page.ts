import { type Handlers, type pageOperations, peerOf } from '@agnes/api-contract';
import { isAgnesError } from '@agnes/errors';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import { enter } from './browser-session.ts';
import { type Html, page } from './document.ts';
import { hidden, notice } from './form-parts.ts';

type LinkHandlers = Pick<Handlers<typeof pageOperations>, 'showLink' | 'sendLink'>;

/** The page of a sign-in link: says whom it signs in, and does so when they press the button. */
export function linkPages(auth: Auth): LinkHandlers {
  return {
    showLink: async ({ query: { token } }) => {
      const link = await auth.findLink(token, ['magic_link']);
      if (link === undefined) return deadLink('/login/email');
      return page({ title: 'Sign in', body: confirmBody(token, link.email) });
    },
    sendLink: async ({ body: { token } }, context) => {
      try {
        return await enter(auth, await auth.consumeMagicLink(token, peerOf(context)), context, '/');
      } catch (error) {
        if (!isAgnesError(error, 'invalid_credentials')) throw error;
        return deadLink('/login/email');
      }
    },
  };
}

const confirmBody = (token: string, email: string): Html => html`<h1>Sign in</h1>
<form class="panel" method="post" action="/login/link">
${hidden('token', token)}
<p>You will be signed in as <b><bdi>${email}</bdi></b>.</p>
<button class="full" autofocus>Sign in</button>
</form>
<p class="quiet">Not you? Then close this page: nothing has happened.</p>`;

/** Wrong, used, expired, meant for something else: one page. */
export function deadLink(again: string): Promise<Response> {
  return page({
    title: 'The link does not work any more',
    status: 401,
    body: html`<h1>The link does not work any more</h1>
${notice('bad', 'The link is not whole, was used already, or is too old.', 'A link works once, and only the whole of it.')}
<p><a class="button" href="${again}">Ask for a new link</a></p>
<p><a href="/login">Back to the sign-in page</a></p>`,
  });
}
