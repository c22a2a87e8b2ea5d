import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { boundedFetch } from '../bounded-fetch.ts';

/** An answer of Google's that is not a success, or none in time. */
export class GoogleError extends Error {
  override readonly name = 'GoogleError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** How long to wait before asking again; undefined when asking again would not help. */
  readonly retryAfterMs: number | 'unsaid' | undefined;

  constructor(what: string, status: number, reason: string, retryAfterMs?: number | 'unsaid') {
    super(`${what} failed: ${status === 0 ? reason : `${status} ${reason}`}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface GoogleRequest<S extends v.GenericSchema> {
  /** For messages: which call this is, without whose. */
  readonly what: string;
  readonly url: string | URL;
  readonly init?: RequestInit;
  readonly schema: S;
  /** When to give up, as `performance.now()` tells it. */
  readonly deadline: number;
}

const ONE_CALL_MS = 15_000;
const FIRST_WAIT_MS = 500;
const BUSY: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** Google says with 403 too that it is busy. https://developers.google.com/admin-sdk/directory/v1/limits */
const BUSY_REASONS: ReadonlySet<string> = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded']);

/**
 * Asks Google for JSON and checks its shape. Asks again while Google is busy, after as long as it says (`Retry-After`) or
 * longer each time, until the deadline. Throws `GoogleError`.
 */
export async function askGoogle<S extends v.GenericSchema>(request: GoogleRequest<S>): Promise<v.InferOutput<S>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await askOnce(request);
    } catch (error) {
      if (!(error instanceof GoogleError) || error.retryAfterMs === undefined) throw error;
      const wait = error.retryAfterMs === 'unsaid' ? FIRST_WAIT_MS * 2 ** attempt : error.retryAfterMs;
      if (performance.now() + wait >= request.deadline) throw error;
      await sleep(wait);
    }
  }
}

async function askOnce<S extends v.GenericSchema>(request: GoogleRequest<S>): Promise<v.InferOutput<S>> {
  const { what, url, init, schema, deadline } = request;
  const time = Math.min(ONE_CALL_MS, deadline - performance.now());
  if (time <= 0) throw new GoogleError(what, 0, 'no time was left');
  let response: Response;
  try {
    response = await boundedFetch(url, { ...init, signal: AbortSignal.timeout(Math.ceil(time)) });
  } catch (error) {
    throw new GoogleError(what, 0, error instanceof Error ? error.message : 'unknown', 'unsaid');
  }
  const body = parseJson(await response.text());
  if (!response.ok) {
    const reason = reasonOf(body);
    const busy = BUSY.has(response.status) || (response.status === 403 && BUSY_REASONS.has(reason));
    throw new GoogleError(what, response.status, reason, busy ? retryAfter(response.headers) : undefined);
  }
  const result = v.safeParse(schema, body);
  if (!result.success) throw new GoogleError(what, response.status, 'the answer has not the documented form');
  return result.output;
}

function retryAfter(headers: Headers): number | 'unsaid' {
  const text = headers.get('retry-after');
  if (text === null) return 'unsaid';
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 'unsaid' : Math.max(0, at - Date.now());
}

const errorSchema = v.object({
  error: v.union([
    v.string(),
    v.object({ errors: v.pipe(v.array(v.object({ reason: v.string() })), v.minLength(1)) }),
    v.object({ status: v.string() }),
  ]),
});

/** Google's word for what is wrong: `invalid_grant`, `rateLimitExceeded`, `PERMISSION_DENIED`. */
function reasonOf(body: unknown): string {
  const result = v.safeParse(errorSchema, body);
  if (!result.success) return 'without a reason';
  const { error } = result.output;
  if (typeof error === 'string') return error.slice(0, 100);
  return 'status' in error ? error.status : (error.errors[0]?.reason ?? '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
