import { holderOf, isHeldElsewhere } from '@agnes/duckdb';
import { AgnesError } from '@agnes/errors';

/** The user's view of a local database that another program has open; undefined for any other error. */
export function openElsewhere(error: unknown, path: string, hint: string): AgnesError | undefined {
  if (!isHeldElsewhere(error)) return undefined;
  const who = holderOf(error) ?? 'Another program';
  return new AgnesError('workspace_busy', `${who} has ${path} open for writing.`, { hint, cause: error });
}
