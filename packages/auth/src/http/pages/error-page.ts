import type { Problem } from '@agnes/errors';
import { html } from 'hono/html';
import { page } from './document.ts';
import { notice } from './form-parts.ts';
import { retrySeconds, waitText } from './notices.ts';

export interface FailedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
}

/** The page that a browser shows where a program gets a problem document. */
export function errorPage(
  problem: Problem,
  request: FailedRequest,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const [title, message, more] = wording(problem);
  const signIn = problem.status === 401 ? `/login?${new URLSearchParams({ next: returnPath(request) })}` : undefined;
  return page({
    title,
    status: problem.status,
    headers,
    body: html`<h1>${title}</h1>
${notice('bad', message, more)}
${
  signIn === undefined
    ? html`<p><a class="button" href="/">To the start page</a></p>`
    : html`<p><a class="button" href="${signIn}">Sign in</a></p>`
}
<p class="quiet">Code <span class="code">${problem.code}</span>, request <span class="code">${problem.request_id ?? 'unknown'}</span>.</p>`,
  });
}

function wording({ status, code, detail, hint, ...rest }: Problem): readonly [string, string, string | undefined] {
  if (status === 401) {
    return [
      'You are not signed in',
      'You are not signed in any more, so nothing was done.',
      'Sign in, then do it again.',
    ];
  }
  if (code === 'not_found')
    return ['There is nothing here', 'There is nothing at this address.', 'Look at the address again.'];
  if (code === 'csrf_refused') {
    return [
      'The form was not accepted',
      'The browser did not say that the form came from this server, so nothing was done.',
      'Go to the start page and do it again from there. If this comes back, the address in the browser may not be the one for which the server is set up.',
    ];
  }
  if (status === 429) {
    const wait = waitText(retrySeconds(rest));
    return ['Too many requests', 'There were too many requests in a short time.', `Try again in ${wait}.`];
  }
  if (status >= 500) return ['Something went wrong', detail, hint];
  return ['This did not work', detail, hint];
}

/** Where to come back to after signing in again: the page that was asked for, or the one whose form was sent. */
export function returnPath({ method, target }: FailedRequest): string {
  if (method === 'GET' || method === 'HEAD') return target;
  const path = target.split('?')[0] ?? '/';
  return ['/account/tokens', '/account/sessions', '/login/device'].find((one) => path.startsWith(one)) ?? '/';
}
