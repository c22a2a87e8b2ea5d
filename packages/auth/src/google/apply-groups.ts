import type { GoogleGroupsSettings } from '@agnes/config';
import { ADMIN_GROUP_ID, type ReplacedMemberships, recordAudit, replaceMembers } from '@agnes/rbac';
import { bumpVersion, newId, type StateDatabase, schema } from '@agnes/state';
import { GOOGLE_SOURCE } from '../sso-managed.ts';

/** Who makes groups and takes accounts away in the name of Google. */
export const GOOGLE_SYNC = 'system:google-sync';

/** Of the groups that Google names, those that count here. */
export function relevantGroups(settings: GoogleGroupsSettings, emails: readonly string[]): string[] {
  const { prefix = '' } = settings;
  return [...new Set(emails)].filter((email) => email.startsWith(prefix));
}

/**
 * Makes somebody's memberships from Google those groups, inside a transaction. A group that is not here yet is made, named by
 * its whole address; the administrators' group and Everyone's are those of this server.
 */
export async function applyGroups(
  tx: StateDatabase,
  settings: GoogleGroupsSettings,
  { userId, emails, at }: { readonly userId: string; readonly emails: readonly string[]; readonly at: Date },
): Promise<ReplacedMemberships> {
  const known = await tx.select().from(schema.userGroups);
  const byName = new Map(known.filter((group) => !group.is_system).map(({ id, name }) => [name.toLowerCase(), id]));
  const groupIds: string[] = [];
  for (const email of relevantGroups(settings, emails)) {
    if (email === settings.everyoneGroup) continue;
    if (email === settings.adminGroup) groupIds.push(ADMIN_GROUP_ID);
    else groupIds.push(byName.get(email) ?? (await makeGroup(tx, email, at)));
  }
  return replaceMembers(tx, { userId, source: GOOGLE_SOURCE, groupIds });
}

async function makeGroup(tx: StateDatabase, name: string, at: Date): Promise<string> {
  const id = newId('group');
  await tx.insert(schema.userGroups).values({
    id,
    name,
    description: 'A group of Google Workspace.',
    created_at: at,
    created_by: GOOGLE_SYNC,
  });
  await recordAudit(tx, { userId: GOOGLE_SYNC, action: 'group.create', resource: `group:${id}`, params: { name } });
  await bumpVersion(tx, 'access_version');
  return id;
}
