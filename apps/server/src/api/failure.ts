import type { Problem } from '@agnes/errors';
import type { Context } from 'hono';
import type { HttpEnvironment } from './environment.ts';
import { problemHeaders, problemResponse, shownProblem } from './problem-response.ts';

/** Renders a failure for a person in a browser. */
export type ErrorPage = (
  problem: Problem,
  request: { readonly method: string; readonly target: string },
  headers: Readonly<Record<string, string>>,
) => Promise<Response>;

/** Where programs and redirects of identity providers go: a person is never sent to the sign-in page from there. */
const FOR_PROGRAMS = /^\/(api|auth)(\/|$)/;

/**
 * The answer for anything that was thrown: a problem document, or a page where the client is a browser that shows one. A page
 * that needs a signed-in person sends everybody else to the sign-in page, which leads back.
 */
export async function failure(
  error: unknown,
  context: Context<HttpEnvironment>,
  errorPage: ErrorPage,
): Promise<Response> {
  const requestId = context.get('requestId');
  if (!takesPage(context.req.header('accept'))) return problemResponse(error, requestId);
  const problem = shownProblem(error, requestId);
  const { method, path, url } = context.req;
  const target = path + new URL(url).search;
  if (problem.status === 401 && ['GET', 'HEAD'].includes(method) && !FOR_PROGRAMS.test(path)) {
    const location = `/login?${new URLSearchParams({ next: target })}`;
    return new Response(null, { status: 302, headers: { location } });
  }
  return errorPage(problem, { method, target }, problemHeaders(error, problem));
}

/** Browsers name HTML when a page is asked for; programs, and `*\/*`, do not. */
function takesPage(accept: string | undefined): boolean {
  return accept !== undefined && /(^|[\s,])text\/html([\s,;]|$)/i.test(accept);
}
