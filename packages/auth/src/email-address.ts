import * as v from 'valibot';

const schema = v.pipe(v.string(), v.maxLength(254), v.email());

/** Whether a text that was normalised (`normaliseEmail`) is an e-mail address. */
export function isEmailAddress(text: string): boolean {
  return v.is(schema, text);
}
