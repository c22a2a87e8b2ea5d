import type { Operation } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';

/** What the server needs to know of browsers to tell its own pages from those of others. */
export interface Browsers {
  /** The origin under which people reach the server. */
  readonly origin: string;
  /** Whether a request carries the cookie of a session. */
  readonly hasSession: (headers: Headers) => boolean;
  /** Whether requests without credentials are somebody's: local development mode. */
  readonly anonymousIsSomebody: boolean;
}

const SAFE = ['GET', 'HEAD'];

/**
 * Refuses, with `csrf_refused`, a request that another site may have made a browser send. Whatever carries a session's cookie
 * or comes as a form has to prove that it is from a page of this server: by `Sec-Fetch-Site`, which no page can set, or by
 * `Origin`. A token in the Authorization header is never sent by itself, so it needs no proof.
 */
export function requireSameOrigin(operation: Operation, request: Request, browsers: Browsers): void {
  if (SAFE.includes(request.method)) return;
  const { headers } = request;
  const byToken = headers.has('authorization');
  const mustProve = operation.form === true || (!byToken && browsers.hasSession(headers));
  if (!mustProve && (byToken || !browsers.anonymousIsSomebody)) return;
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  if (site !== null ? site === 'same-origin' : origin !== null ? origin === browsers.origin : !mustProve) return;
  throw new AgnesError('csrf_refused', 'The request does not prove that it comes from a page of this server.', {
    hint: `Use ${browsers.origin}. Programs send a token: Authorization: Bearer <token>.`,
  });
}
