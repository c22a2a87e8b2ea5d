import { type Handlers, type pageOperations, peerOf, type RequestContext } from '@agnes/api-contract';
import { type AgnesError, isAgnesError } from '@agnes/errors';
import { html } from 'hono/html';
import type { Auth } from '../../auth.ts';
import { nextPath } from '../../next-path.ts';
import { isInLog, wordsOfRefusal } from '../../oidc/refusal.ts';
import { oidcLoginPath } from '../oidc-login-path.ts';
import { enter, isLocalDev } from './browser-session.ts';
import { goTo, type Html, localDevNotice, page } from './document.ts';
import { field, hidden, notice } from './form-parts.ts';
import { doneNotice, retrySeconds, waitText } from './notices.ts';

interface View {
  readonly next: string;
  readonly email?: string;
  readonly problem?: readonly [message: string, more: Html | string];
  readonly done?: string | undefined;
  readonly wrong?: { readonly email?: string; readonly password?: string };
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type LoginHandlers = Pick<Handlers<typeof pageOperations>, 'showStart' | 'showLogin' | 'sendLogin'>;

/** What ids of requests are made of; the one in the address may be anything. */
const REQUEST_ID = /^[\w-]{1,64}$/;

/** The sign-in page. */
export function loginPages(auth: Auth): LoginHandlers {
  const show = (context: RequestContext, view: View): Promise<Response> =>
    page({
      title: 'Sign in',
      status: view.status ?? 200,
      headers: view.headers ?? {},
      body: loginBody(auth, view, isLocalDev(context.caller) ? context.caller : undefined),
    });

  return {
    showStart: async (_, { caller }) => goTo(caller === undefined ? '/login' : '/account'),

    showLogin: async ({ query }, context) => {
      const next = nextPath(query.next);
      const { caller } = context;
      if (caller !== undefined && !isLocalDev(caller) && query.error === undefined) return goTo(next);
      const refusal = query.error === undefined ? undefined : wordRefusal(query.error, query.request);
      return show(context, {
        next,
        done: doneNotice(query.done),
        ...(refusal === undefined ? {} : { problem: refusal }),
      });
    },

    sendLogin: async ({ body }, context) => {
      const next = nextPath(body.next);
      const email = body.email.trim();
      const wrong = {
        ...(email === '' ? { email: 'Enter your e-mail address.' } : {}),
        ...(body.password === '' ? { password: 'Enter your password.' } : {}),
      };
      if (Object.keys(wrong).length > 0) return show(context, { next, email, wrong, status: 400 });
      try {
        return await enter(auth, await auth.signIn(email, body.password, peerOf(context)), context, next);
      } catch (error) {
        if (!isAgnesError(error) || error.status >= 500) throw error;
        return show(context, { next, email, ...wordFailure(auth, error) });
      }
    },
  };
}

function loginBody(auth: Auth, view: View, developer: { readonly email: string } | undefined): Html {
  const { next, problem, done, wrong = {}, email = '' } = view;
  const providers = auth.oidcProviders();
  const query = next === '/' ? '' : `?${new URLSearchParams({ next })}`;
  // With the address filled in, what is missing or wrong is the password.
  const typeFirst = email === '' ? 'email' : 'password';
  return html`${
    developer !== undefined &&
    html`${localDevNotice(developer)}<p><a class="button full" href="${next}">Go on as ${developer.email}</a></p>`
  }
<h1>Sign in</h1>
${done !== undefined && notice('good', done)}
${problem !== undefined && notice('bad', ...problem)}
${
  providers.length > 0 &&
  html`<div>${providers.map(
    ({ id, label }) =>
      html`<a class="button second full" href="${oidcLoginPath(id)}${query}">Continue with ${label}</a>`,
  )}</div>
<div class="or">or with your password</div>`
}
<form class="panel" method="post" action="/login">
${hidden('next', next)}
${field({
  name: 'email',
  label: 'E-mail address',
  type: 'email',
  value: email,
  autocomplete: 'username',
  wrong: wrong.email,
  first: typeFirst === 'email',
  maxLength: 254,
})}
${field({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  wrong: wrong.password,
  first: typeFirst === 'password' && wrong.email === undefined,
})}
<button class="full">Sign in</button>
<p><a href="/login/forgot">Forgot your password?</a></p>
</form>
${auth.sendsMail && html`<p><a class="button second full" href="/login/email">E-mail me a sign-in link</a></p>`}
<p class="quiet">No account yet? An administrator of this server can invite you.</p>`;
}

/** Why a sign-in elsewhere did not work; the name stands in the address, so an unknown one gets a sentence of its own. */
function wordRefusal(reason: string, request: string | undefined): readonly [string, Html | string] {
  if (reason === 'too_many_requests') {
    return ['There were too many attempts in a short time.', 'Wait a minute, then try again.'];
  }
  const words = wordsOfRefusal(reason);
  if (words === undefined) return ['The sign-in did not work.', 'Try again, or sign in in another way.'];
  if (!isInLog(reason) || request === undefined || !REQUEST_ID.test(request)) return [words.message, words.hint];
  const forAdmin = html`If it stays so, tell an administrator: the server's log says why, under the request <span class="code">${request}</span>.`;
  return [words.message, html`${words.hint} ${forAdmin}`];
}

function wordFailure(auth: Auth, error: AgnesError): Pick<View, 'problem' | 'status' | 'headers'> {
  const { status } = error;
  if (isAgnesError(error, 'invalid_credentials')) {
    const more = html`Check both and try again, or <a href="/login/forgot">set a new password</a>.`;
    return { status, problem: ['E-mail address or password is wrong.', more] };
  }
  if (isAgnesError(error, 'too_many_requests')) {
    const seconds = retrySeconds(error.details);
    const otherWay =
      auth.sendsMail && html` Or <a href="/login/email">have a sign-in link sent</a>, which works at once.`;
    return {
      status,
      headers: { 'retry-after': String(seconds) },
      problem: ['There were too many attempts in a short time.', html`Try again in ${waitText(seconds)}.${otherWay}`],
    };
  }
  return { status, problem: [error.message, error.hint ?? 'Try again.'] };
}
