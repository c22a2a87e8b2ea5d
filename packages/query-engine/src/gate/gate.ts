import type { ErrorCode } from '@agnes/errors';

/** Where in the statement, counted from 1; columns in characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a statement does not run, for the one who will change it. */
export interface Refusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  /** What happened and why. Names nothing that the caller may not see. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  readonly position?: Position;
  /** The name that is unknown or not allowed. */
  readonly unknown?: string;
  /** Names that may have been meant. */
  readonly nearest?: readonly string[];
}

/** A table as the statement names it: no CTE, no qualifier but `main`. */
export interface Relation {
  readonly name: string;
  readonly position?: Position;
}

/** A statement that may run, once each of its relations is found to be readable. */
export interface Passed {
  readonly kind: 'ok';
  /** The statement without semicolons around it: it may be put in parentheses, on lines of its own. */
  readonly sql: string;
  /** Each name once, in the order in which they are written. */
  readonly relations: readonly Relation[];
  /** There is a PIVOT whose values are not listed: run what `expandPivot` makes of `sql`. */
  readonly pivots: boolean;
}

export type Gate = Passed | Refusal;

export interface GateLimits {
  /** Bytes of the statement. Default 1 MiB. */
  readonly bytes?: number;
  /** Words, signs and values. Default 100,000. */
  readonly tokens?: number;
  /** Expressions and subqueries inside one another. Default 300. */
  readonly depth?: number;
}

export function refuse(code: ErrorCode, message: string, hint: string, more: Partial<Refusal> = {}): Refusal {
  return { kind: 'refused', code, message, hint, ...more };
}

/** The places of a statement that the caller did not write would only confuse. */
export function withoutPlace({ position: _, ...refusal }: Refusal): Refusal {
  return refusal;
}

/** A PIVOT whose values nobody can find before it runs. */
export function unlistedPivot(): Refusal {
  return refuse(
    'sql_not_allowed',
    'The values of this PIVOT cannot be found.',
    "List them: PIVOT … ON column IN ('a', 'b').",
    { unknown: 'PIVOT' },
  );
}
