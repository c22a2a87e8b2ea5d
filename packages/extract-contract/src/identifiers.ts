import { AgnesError } from '@agnes/errors';
import { COLUMNS } from './tables.ts';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const QUOTED_IDENTIFIER = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const ENVIRONMENT_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

/** A strict identifier, 1-64 of ASCII letters, digits and underscores, no digit first: sources, tables, aliases. */
export function isIdentifier(text: unknown): text is string {
  return typeof text === 'string' && IDENTIFIER.test(text);
}

/** A relaxed identifier, 1-128, dots and hyphens too: names that are always quoted, such as a bucket `in.c-main`. */
export function isQuotedIdentifier(text: unknown): text is string {
  return typeof text === 'string' && QUOTED_IDENTIFIER.test(text);
}

/** The name of an environment variable: 1-64 of ASCII capitals, digits and underscores, a capital first. */
export function isEnvironmentName(text: unknown): text is string {
  return typeof text === 'string' && ENVIRONMENT_NAME.test(text);
}

/** A strict identifier that is not one of the contract's own tables (`_meta` …), in any case. */
export function isTableName(text: unknown): text is string {
  return isIdentifier(text) && !Object.hasOwn(COLUMNS, text.toLowerCase());
}

/** Throws `invalid_identifier` unless `text` is a strict identifier; `what` says what it names ("source name"). */
export function assertIdentifier(text: unknown, what: string): asserts text is string {
  if (isIdentifier(text)) return;
  throw new AgnesError('invalid_identifier', `${shown(text)} is no valid ${what}.`, {
    hint: 'Use 1 to 64 ASCII letters, digits and underscores, and no digit first.',
    details: { what },
  });
}

/** Throws `invalid_identifier` unless `text` can name a table of an extract. */
export function assertTableName(text: unknown): asserts text is string {
  assertIdentifier(text, 'table name');
  if (isTableName(text)) return;
  throw new AgnesError('invalid_identifier', `${shown(text)} is a table of the extract contract itself.`, {
    hint: 'Choose another name.',
    details: { what: 'table name' },
  });
}

function shown(text: unknown): string {
  const json = typeof text === 'string' ? JSON.stringify(text) : String(text);
  return json.length > 100 ? `${json.slice(0, 100)}…` : json;
}
