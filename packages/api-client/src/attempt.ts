import { AgnesError, fromProblem } from '@agnes/errors';
import { timedOut, transportFailure } from './unreachable.ts';

/** One request, ready to be sent. */
export interface Prepared {
  readonly server: URL;
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Never to be seen in an error. */
  readonly token: string | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** How an attempt ended: with what `read` made of a good answer, or with an error and whether to try again. */
export type Attempt<T> =
  | { readonly value: T }
  | { readonly error: AgnesError; readonly passing: boolean; readonly retryAfter: string | null };

const MOST_REDIRECTS = 5;

/**
 * Sends a request once. `read` runs within the time limit too. A caller's own abort is thrown as it is; everything else
 * comes back as an {@link Attempt}.
 */
export async function attempt<T>(request: Prepared, read: (response: Response) => Promise<T>): Promise<Attempt<T>> {
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(), request.timeoutMs);
  const signal = request.signal === undefined ? clock.signal : AbortSignal.any([request.signal, clock.signal]);
  try {
    const response = await send(request, signal);
    if (response.ok || response.status === 304) return { value: await read(response) };
    return {
      error: await problemOf(request, response),
      passing: response.status === 429 || response.status === 503,
      retryAfter: response.headers.get('retry-after'),
    };
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof AgnesError) return { error, passing: false, retryAfter: null };
    if (clock.signal.aborted) {
      return { error: timedOut(request.server, request.timeoutMs), passing: false, retryAfter: null };
    }
    if (!(error instanceof TypeError)) throw error; // fetch throws nothing else for a network that fails
    return { ...transportFailure(request.server, error), retryAfter: null };
  } finally {
    clearTimeout(timer);
  }
}

/** Follows redirects within the server's own origin only, so that the token reaches nobody else. */
async function send(request: Prepared, signal: AbortSignal): Promise<Response> {
  let { url } = request;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const { method, headers, body } = request;
    const response = await request.fetch(url.href, { method, headers, body: body ?? null, signal, redirect: 'manual' });
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = URL.parse(location, url.href);
    if (next?.origin !== request.server.origin) {
      throw new AgnesError('server_error', `${request.server.origin} sends its callers to another address.`, {
        hint: `Sign in with that address if you trust it: ${next?.origin ?? 'the server names none'}`,
        details: { server: request.server.origin, http_status: response.status },
      });
    }
    if (method !== 'GET' && response.status < 307) return response;
    url = next;
  }
  throw new AgnesError('server_error', `${request.server.origin} redirects in a circle.`, {
    hint: 'Ask whoever runs the server to check its proxy.',
    details: { server: request.server.origin },
  });
}

async function problemOf(request: Prepared, response: Response): Promise<AgnesError> {
  const text = withoutToken(await response.text(), request.token);
  const body = parseJson(text);
  if (body !== undefined) return fromProblem(response.status, body);
  return new AgnesError('server_error', `${request.server.origin} answered with HTTP ${response.status}.`, {
    hint: 'Something between you and the server may have answered; try again, then ask whoever runs the server.',
    details: { server: request.server.origin, http_status: response.status },
  });
}

/** The JSON of a good answer. Throws `server_error` when it is none, as a login page of a proxy. */
export async function readJson(request: Prepared, response: Response): Promise<unknown> {
  const body = parseJson(await response.text());
  if (body !== undefined) return body;
  const type = response.headers.get('content-type')?.split(';')[0] ?? 'no content type';
  throw new AgnesError('server_error', `${request.server.origin} answered with ${type} where JSON was expected.`, {
    hint: `Check that this is the address of an Agnes server: curl ${request.server.origin}/api/version`,
    details: { server: request.server.origin, http_status: response.status },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withoutToken(text: string, token: string | undefined): string {
  return token === undefined ? text : text.replaceAll(token, '<token>');
}
