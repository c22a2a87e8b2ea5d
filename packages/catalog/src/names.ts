import { AgnesError } from '@agnes/errors';
import { RESERVED_WORDS } from './reserved-words.ts';

/** Tables of the extract contract itself. */
const CONTRACT_TABLES = new Set(['_meta', '_remote_attach', '_parts']);

/** Keys that JSON readers in JavaScript drop from an object, as a protection against prototype pollution. */
const DROPPED_KEYS = new Set(['__proto__', 'prototype', 'constructor']);

/** What names are compared by: DuckDB resolves them without regard to case. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/**
 * Checks that `name` can be written in SQL as it is: an ASCII letter or underscore, then letters, digits and underscores,
 * 64 at most, and no word of SQL itself. Throws `invalid_table_name`, with a name that would do in the hint.
 */
export function checkTableName(name: string): void {
  const why = problemOf(name);
  if (why === undefined) return;
  const suggestion = suggestedName(name);
  throw new AgnesError('invalid_table_name', `${shown(name)} cannot be a table name: ${why}.`, {
    hint: `Use 1 to 64 ASCII letters, digits and underscores, and no digit first, for example: ${suggestion}`,
    details: { suggestion },
  });
}

/** The table name that a free text suggests: lower case, without accents, underscores for everything else. */
export function suggestedName(text: string): string {
  const slug = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 58);
  if (slug === '') return 'my_table';
  const name = /^\d/.test(slug) ? `t_${slug}` : slug;
  return problemOf(name) === undefined ? name : `${name}_table`;
}

function problemOf(name: string): string | undefined {
  if (name.length > 64) return 'it is longer than 64 characters';
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'it is no plain identifier';
  if (RESERVED_WORDS.has(nameKey(name))) return 'it is a word of SQL';
  if (CONTRACT_TABLES.has(nameKey(name))) return 'the extract contract uses it';
  if (DROPPED_KEYS.has(nameKey(name))) return 'programs that read the manifest would drop it';
  return undefined;
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
