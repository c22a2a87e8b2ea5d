import type { GoogleGroupsSettings } from '@agnes/config';
import { ADMIN_GROUP_ID, type ReplacedMemberships, replaceMembers, syncedGroup } from '@agnes/rbac';
import type { StateDatabase } from '@agnes/state';
import { GOOGLE_SOURCE } from '../sso-managed.ts';

/** Who takes accounts away in the name of Google, and gives them back. */
export const GOOGLE_SYNC = 'system:google-sync';

/** Of the groups that Google names, those that count here. */
export function relevantGroups(settings: GoogleGroupsSettings, emails: readonly string[]): string[] {
  const { prefix = '' } = settings;
  return [...new Set(emails)].filter((email) => email.startsWith(prefix));
}

/**
 * Makes somebody's memberships from Google those groups, inside a transaction. A group that is not here yet is made, named by
 * its whole address; the administrators' group and Everyone's are those of this server. A group that somebody here made by
 * that name is not Google's to fill: in many a Workspace everybody may found a group of any address.
 */
export async function applyGroups(
  tx: StateDatabase,
  settings: GoogleGroupsSettings,
  { userId, emails }: { readonly userId: string; readonly emails: readonly string[] },
): Promise<ReplacedMemberships> {
  const groupIds: string[] = [];
  for (const email of relevantGroups(settings, emails)) {
    if (email === settings.everyoneGroup) continue;
    const id = email === settings.adminGroup ? ADMIN_GROUP_ID : await syncedGroup(tx, email);
    if (id !== undefined) groupIds.push(id);
  }
  return replaceMembers(tx, { userId, source: GOOGLE_SOURCE, groupIds });
}
