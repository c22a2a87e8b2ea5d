import type { GoogleGroupsSettings } from '@agnes/config';
import { ADMIN_GROUP_ID, EVERYONE_GROUP_ID } from '@agnes/rbac';

/** The groups of this server behind which a group at Google stands: who is in them is changed there. */
export function mappedGroups(google: GoogleGroupsSettings | undefined): ReadonlyMap<string, string> {
  const pairs = [
    [ADMIN_GROUP_ID, google?.adminGroup],
    [EVERYONE_GROUP_ID, google?.everyoneGroup],
  ] as const;
  return new Map(pairs.flatMap(([id, email]) => (email === undefined ? [] : [[id, email] as const])));
}
