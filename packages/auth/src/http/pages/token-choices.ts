import type { TokenScope } from '@agnes/api-contract';

interface Choice {
  readonly value: TokenScope;
  readonly label: string;
  readonly hint: string;
}

/** The scopes of a token, the narrowest first, as the form words them. */
export const SCOPES: readonly Choice[] = [
  { value: 'pull', label: 'Pull', hint: 'See the catalog and fetch the files of what is granted to you.' },
  { value: 'query', label: 'Query', hint: 'See the catalog and ask the server; no files.' },
  { value: 'read', label: 'Read', hint: 'Both of these. Enough for a notebook, a report or an agent.' },
  {
    value: 'bootstrap-analyst',
    label: 'Set up a laptop',
    hint: 'Read, for an hour at most, whatever is chosen below.',
  },
  { value: 'general', label: 'Everything', hint: 'Whatever you may do, but for your tokens and sessions.' },
];

/** What a token may, in a word; one of a scope of which these pages do not know, by its name. */
export function describeScope(scope: string): string {
  return SCOPES.find(({ value }) => value === scope)?.label ?? scope;
}

/** How long a token may last. */
export const EXPIRIES: readonly { readonly value: string; readonly label: string; readonly days: number | null }[] = [
  { value: '1', label: 'A day', days: 1 },
  { value: '7', label: 'A week', days: 7 },
  { value: '30', label: '30 days', days: 30 },
  { value: '90', label: '90 days', days: 90 },
  { value: '365', label: 'A year', days: 365 },
  { value: 'never', label: 'Until it is revoked', days: null },
];
