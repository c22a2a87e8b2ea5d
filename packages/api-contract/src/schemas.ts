import * as v from 'valibot';

/** A moment, ISO 8601 in UTC: `2026-01-31T12:00:00.000Z`. */
export const time = v.pipe(v.string(), v.isoTimestamp());
export const nullableTime = v.nullable(time);
export const nonNegative = v.pipe(v.number(), v.integer(), v.minValue(0));
export const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const email = v.pipe(v.string(), v.trim(), v.toLowerCase(), v.maxLength(254), v.email());
/** As it was typed. What a good one is, the server says where one is set. */
export const password = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));
/** One line for people: a name, a label. Nothing in it steers a terminal, and all of it can be stored. */
export const shortText = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(200),
  v.regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line without control characters'),
);
/** Lines of text. */
export const longText = v.pipe(
  v.string(),
  v.maxLength(10_000),
  v.regex(/^(?:[\t\n\r]|[^\p{Cc}\p{Cs}])*$/u, 'must not have control characters'),
);
export const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'));
export const idParams = v.object({ id });

/** A number that came as the text of a query parameter. */
export const queryInteger = (min: number, max: number, fallback: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,9}$/, 'must be a whole number'),
      v.transform(Number),
      v.minValue(min),
      v.maxValue(max),
    ),
    String(fallback),
  );
