import type { ClientBase } from 'pg';
import { runStatement } from './statement.ts';

/** Makes a new session one of ours: times in UTC, and where it is for reading, a database that refuses everything else. */
export async function prepareSession(client: ClientBase, { readOnly }: { readonly readOnly: boolean }): Promise<void> {
  await runStatement(client, "SET TimeZone TO 'UTC'");
  if (readOnly) await runStatement(client, 'SET default_transaction_read_only TO on');
}
