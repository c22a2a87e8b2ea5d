import { AgnesError, type ErrorDetails } from './agnes-error.ts';
import { ERROR_CODES, isErrorCode } from './codes.ts';

/** An error on the wire: an RFC 9457 problem document (`application/problem+json`) with `code` and `hint`. */
export interface Problem extends ErrorDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
  readonly request_id?: string;
}

const RESERVED = new Set(['type', 'title', 'status', 'detail', 'code', 'hint', 'request_id']);

/** The problem document of an error. An error that is no {@link AgnesError} becomes `internal_error` and tells nothing. */
export function toProblem(error: unknown, requestId?: string): Problem {
  const known =
    error instanceof AgnesError
      ? error
      : new AgnesError('internal_error', 'The server failed in a way it did not expect.', {
          hint: 'Try again; if it stays, give the request id to whoever runs the server.',
        });
  const { status, meaning } = ERROR_CODES[known.code];
  return {
    ...Object.fromEntries(Object.entries(known.details).filter(([key]) => !RESERVED.has(key))),
    type: `urn:agnes:error:${known.code}`,
    title: meaning,
    status: status === 0 ? 500 : status,
    detail: known.message,
    code: known.code,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}

/**
 * The error that a problem document tells of. A body that is no problem document, or a code that this build does not know,
 * becomes `server_error` that keeps what the server said.
 */
export function fromProblem(status: number, body: unknown): AgnesError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  const detail = typeof problem.detail === 'string' ? problem.detail : `The server answered with HTTP ${status}.`;
  const details = Object.fromEntries(Object.entries(problem).filter(([key]) => !RESERVED.has(key)));
  const options = {
    details: {
      ...details,
      http_status: status,
      ...(typeof problem.request_id === 'string' ? { request_id: problem.request_id } : {}),
    },
    ...(typeof problem.hint === 'string' ? { hint: problem.hint } : {}),
  };
  if (typeof problem.code === 'string' && isErrorCode(problem.code)) {
    return new AgnesError(problem.code, detail, options);
  }
  return new AgnesError('server_error', detail, options);
}
