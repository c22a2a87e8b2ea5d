import { quoteLiteral } from '@agnes/duckdb';
import { type ColumnFacts, chooseType, KINDS, type Kind, kindSql } from './text-types.ts';

/** The first rows of the files, which say what a column is likely to be. */
export const SAMPLE_ROWS = 2000;

/** What the message of DuckDB's error says when a value is not of the type that the sample had promised. */
const REFUTED = 'agnes: another kind of value than in the first rows';

/** Types that can be tried: the kinds that each holds, and a test that is cheaper than to ask for the kind of a value. */
export interface Guard {
  readonly kinds: readonly Kind[];
  /** SQL over the text and over its cast to the type. True only for a value of one of these kinds; often enough true. */
  readonly quick: (text: string, value: string) => string;
}

export const GUARDS: Readonly<Record<string, Guard>> = {
  BIGINT: { kinds: ['int', 'long'], quick: (text, value) => `CAST(${value} AS VARCHAR) = ${text}` },
  DOUBLE: {
    kinds: ['int', 'double', 'nan'],
    quick: (text, value) => `CASE WHEN length(${text}) <= 15
      THEN regexp_full_match(${text}, '-?(0|[1-9][0-9]*)(\\.[0-9]+)?')
      ELSE abs(${value}) >= 1e-300 AND abs(${value}) < 1e300 AND CAST(${value} AS VARCHAR) = ${text} END`,
  },
  BOOLEAN: { kinds: ['bool'], quick: (text) => `${text} IN ('true', 'false')` },
  // The length leaves out infinity, years before Christ and years of five digits.
  DATE: { kinds: ['date'], quick: (text, value) => `length(${text}) = 10 AND CAST(${value} AS VARCHAR) = ${text}` },
  // To write a TIMESTAMP back as text takes longer than to look at its shape, as kindSql does.
  TIMESTAMP: {
    kinds: ['date', 'timestamp'],
    quick: (text, value) => `${value} IS NOT NULL AND
      regexp_full_match(${text}, '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?')`,
  },
};

/** What the sample says of a column: text for certain, a type that each value has still to confirm, or nothing. */
export type Guess = { readonly text: true } | { readonly guarded: string } | undefined;

/** The guess for a column, from the facts of its first rows. */
export function guessType(column: string, { counts, whole, fraction }: ColumnFacts): Guess {
  const count = (kinds: readonly Kind[]) => kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
  // One code or text is enough to make a column text. One that is nearly all numbers or dates is due a warning that counts them.
  if (count(['code']) > 0) return { text: true };
  const texts = count(['text', 'bool']);
  if (count(['text']) > 0) return texts * 2 > count(KINDS) ? { text: true } : undefined;
  const { type } = chooseType(column, { counts, whole, fraction });
  return Object.hasOwn(GUARDS, type) ? { guarded: type } : undefined;
}

/** The cast to a type that is tried: SQL of the value in a CSV file's text, and of {@link guardedCast} over both. */
export function triedCast(text: string, type: string): string {
  return `TRY_CAST(${text} AS ${type})`;
}

/**
 * SQL that gives `value`, the tried cast of `text`, and ends in an error that {@link isRefuted} knows unless the text is of
 * a kind that the type holds.
 */
export function guardedCast(text: string, value: string, type: string): string {
  const guard = GUARDS[type];
  if (guard === undefined) throw new Error(`There is no guard for ${type}.`);
  const kinds = guard.kinds.map(quoteLiteral).join(', ');
  return `CASE WHEN ${text} IS NULL THEN NULL WHEN ${guard.quick(text, value)} THEN ${value}
    WHEN ${kindSql(`trim(${text})`)} IN (${kinds}) THEN CAST(trim(${text}) AS ${type})
    ELSE error(${quoteLiteral(REFUTED)} || left(${text}, 0)) END`;
}

/** Whether a statement ended because a value refuted what the first rows had promised. */
export function isRefuted(error: unknown): boolean {
  return error instanceof Error && error.message.includes(REFUTED);
}
