import type { Client } from '@agnes/api-client';
import { AgnesError } from '@agnes/errors';
import { shellWord } from './output/shell-word.ts';
import { sqlOrFile } from './read-user-file.ts';

interface Named {
  /** Name or id. */
  readonly table: string;
  /** Name or id. */
  readonly group: string;
}

export type Policy = Awaited<ReturnType<Client['listPolicies']>>[number];

/** The policy of a group on a table, if there is one. */
export async function findPolicy(client: Client, { table, group }: Named): Promise<Policy | undefined> {
  const [policy] = await client.listPolicies({ query: { table_id: table, group_id: group } });
  return policy;
}

/** The same; throws `policy_not_found`. */
export async function requirePolicy(client: Client, named: Named): Promise<Policy> {
  const policy = await findPolicy(client, named);
  if (policy !== undefined) return policy;
  throw new AgnesError('policy_not_found', `There is no policy of ${named.group} on ${named.table}.`, {
    hint: `agnes admin policy list --table ${shellWord(named.table)}`,
  });
}

/** Masks from `COLUMN=SQL` and `COLUMN=@FILE`. Throws `usage` for what is none. */
export async function masksFrom(given: readonly string[]): Promise<Record<string, string>> {
  const masks: Record<string, string> = {};
  for (const text of given) {
    const [, column = '', expression = ''] = /^([^=]+)=([\s\S]+)$/.exec(text) ?? [];
    if (column === '') {
      throw new AgnesError('usage', `--mask ${text} is not of the form COLUMN=SQL.`, {
        hint: `--mask email="left(email, 2)", or --mask email=NULL`,
      });
    }
    masks[column.trim()] = (await sqlOrFile(expression)).trim();
  }
  return masks;
}
