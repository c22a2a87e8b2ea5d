import { type Handlers, type pageOperations, peerOf } from '@agnes/api-contract';
import { isAgnesError } from '@agnes/errors';
import { normaliseEmail } from '@agnes/rbac';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import { isEmailAddress } from '../../email-address.ts';
import type { Peer } from '../../ways-in.ts';
import { type Html, page } from './document.ts';
import { field, notice } from './form-parts.ts';
import { retrySeconds, waitText } from './notices.ts';

interface Kind {
  readonly path: string;
  readonly title: string;
  readonly intro: string;
  readonly button: string;
  /** How long its link is good for. */
  readonly lasts: string;
  readonly withoutMail: Html;
  request(email: string, peer: Peer): Promise<void>;
}

type MailHandlers = Pick<
  Handlers<typeof pageOperations>,
  'showEmailLink' | 'sendEmailLink' | 'showForgot' | 'sendForgot'
>;

/** The pages that have a link sent: to sign in, or to set a new password. */
export function mailPages(auth: Auth): MailHandlers {
  const askAdmin = html`This server sends no mail. Ask an administrator for a link to set a new password.`;
  const link: Kind = {
    path: '/login/email',
    title: 'Sign in with a link',
    intro: 'We send a link to your e-mail address. It signs you in, without a password.',
    button: 'Send the link',
    lasts: 'a quarter of an hour',
    withoutMail: askAdmin,
    request: (email, peer) => auth.requestMagicLink(email, peer),
  };
  const forgot: Kind = {
    path: '/login/forgot',
    title: 'Set a new password',
    intro: 'We send a link to your e-mail address, with which you choose a new password.',
    button: 'Send the link',
    lasts: 'a day',
    withoutMail: askAdmin,
    request: (email, peer) => auth.requestPasswordReset(email, peer),
  };

  const ask = (kind: Kind, view: AskView = {}): Promise<Response> =>
    page({
      title: kind.title,
      status: view.status ?? 200,
      headers: view.headers ?? {},
      body: auth.sendsMail
        ? askBody(kind, view)
        : html`<h1>${kind.title}</h1>${notice('note', kind.withoutMail)}${back}`,
    });
  const send = async (kind: Kind, given: string, peer: Peer): Promise<Response> => {
    if (!auth.sendsMail) return ask(kind);
    const email = normaliseEmail(given);
    if (!isEmailAddress(email)) {
      const wrong = 'Enter your e-mail address in full, such as ana@example.com.';
      return ask(kind, { email: given, wrong, status: 400 });
    }
    try {
      await kind.request(email, peer);
    } catch (error) {
      if (!isAgnesError(error, 'too_many_requests')) throw error;
      const seconds = retrySeconds(error.details);
      const problem = `Too many links were asked for. Try again in ${waitText(seconds)}.`;
      return ask(kind, { email, problem, status: error.status, headers: { 'retry-after': String(seconds) } });
    }
    return page({ title: 'Look into your mail', body: sentBody(kind, email) });
  };

  return {
    showEmailLink: async () => ask(link),
    sendEmailLink: async ({ body }, context) => send(link, body.email, peerOf(context)),
    showForgot: async () => ask(forgot),
    sendForgot: async ({ body }, context) => send(forgot, body.email, peerOf(context)),
  };
}

interface AskView {
  readonly email?: string;
  readonly wrong?: string;
  readonly problem?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const back = html`<p><a href="/login">Back to the sign-in page</a></p>`;

const askBody = (
  { path, title, intro, button }: Kind,
  { email = '', wrong, problem }: AskView,
): Html => html`<h1>${title}</h1>
${problem !== undefined && notice('bad', problem)}
<form class="panel" method="post" action="${path}">
<p>${intro}</p>
${field({
  name: 'email',
  label: 'E-mail address',
  type: 'email',
  value: email,
  autocomplete: 'username',
  wrong,
  first: true,
  maxLength: 254,
})}
<button class="full">${button}</button>
</form>
${back}`;

const sentBody = ({ path, lasts }: Kind, email: string): Html => html`<h1>Look into your mail</h1>
${notice(
  'good',
  html`If there is an account for <bdi>${email}</bdi>, a mail with a link is on its way.`,
  html`The link is good for ${lasts}, once. This page can be closed.`,
)}
<p>Nothing after a few minutes? Look into the folder for spam, check the address above, and
<a href="${path}">ask again</a>. Without an account no mail comes: an administrator can add one.</p>
${back}`;
