import { type StateDatabase, schema } from '@agnes/state';

/**
 * The groups that the values of a claim stand for: by the mapping where there is one, else groups of that name. Admin and
 * Everyone are meant only by a mapping, never because a group elsewhere happens to have that name. Unknown ones are nothing.
 */
export async function groupsForClaim(
  tx: StateDatabase,
  values: readonly string[],
  mapping: Readonly<Record<string, string>> | undefined,
): Promise<string[]> {
  const groups = await tx.select().from(schema.userGroups);
  const names = values.flatMap((value) => {
    if (mapping === undefined) return [value];
    return Object.hasOwn(mapping, value) ? [mapping[value] ?? ''] : [];
  });
  const wanted = new Set(names.map((name) => name.trim().toLowerCase()));
  return groups
    .filter((group) => wanted.has(group.name.toLowerCase()) && !(group.is_system && mapping === undefined))
    .map(({ id }) => id);
}
