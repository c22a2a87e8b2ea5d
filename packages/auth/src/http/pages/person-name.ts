import * as v from 'valibot';

const nameSchema = v.pipe(v.string(), v.trim(), v.maxLength(200), v.regex(/^[^\p{Cc}\p{Cs}]*$/u));

/** A name as a form sent it, maybe empty; undefined for one that cannot stand on a line. */
export function personName(text: string): string | undefined {
  const read = v.safeParse(nameSchema, text);
  return read.success ? read.output : undefined;
}
