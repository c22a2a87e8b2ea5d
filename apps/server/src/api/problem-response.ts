import { AgnesError, type Problem, toProblem } from '@agnes/errors';
import { withoutSecrets } from '@agnes/rbac';

const RETRY_AFTER_SECONDS: Readonly<Record<number, number>> = { 429: 60, 503: 5 };

/** The answer for anything that was thrown: `application/problem+json`, with the headers that its status calls for. */
export function problemResponse(error: unknown, requestId: string): Response {
  const problem = shownProblem(error, requestId);
  const body = JSON.stringify(problem);
  return new Response(body, {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      ...problemHeaders(error, problem),
    },
  });
}

/** What may be said of an error: what is wrong may be a token that somebody put in the place of an id. */
export function shownProblem(error: unknown, requestId: string): Problem {
  return JSON.parse(withoutSecrets(JSON.stringify(toProblem(error, requestId)))) as Problem;
}

/** The headers that the status of a problem calls for. */
export function problemHeaders(error: unknown, problem: Problem): Record<string, string> {
  if (error instanceof AgnesError && error.code === 'method_not_allowed' && Array.isArray(error.details.allow)) {
    return { allow: error.details.allow.join(', ') };
  }
  if (problem.status === 401) {
    return {
      'www-authenticate': `Bearer realm="agnes"${problem.code === 'unauthenticated' ? '' : ', error="invalid_token"'}`,
    };
  }
  const fallback = RETRY_AFTER_SECONDS[problem.status];
  if (fallback === undefined) return {};
  const seconds = problem.retry_after_seconds;
  return { 'retry-after': String(typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : fallback) };
}
