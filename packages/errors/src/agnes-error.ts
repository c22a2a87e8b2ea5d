import { ERROR_CODES, type ErrorCode } from './codes.ts';

/** Facts that go with an error, as JSON. They stand at the top level of a problem document. Never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface AgnesErrorOptions {
  /** What to do next, as a sentence or a command: the one line a person or an agent acts on. */
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * An error that a user can act on: `code` for machines, `message` for what happened and why, `hint` for what to do next.
 * A programmer's mistake stays a plain `Error`.
 */
export class AgnesError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: AgnesErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgnesError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** HTTP status of this error; 0 for errors that only exist on a laptop. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** Exit code of a command that ends with this error. */
  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }
}

/** Whether `error` is an {@link AgnesError}, and, when codes are given, one of those. */
export function isAgnesError<C extends ErrorCode>(error: unknown, ...codes: C[]): error is AgnesError & { code: C } {
  return error instanceof AgnesError && (codes.length === 0 || (codes as ErrorCode[]).includes(error.code));
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
