import { ADMIN_GROUP_ID, countActiveAdmins, insertMember, recordAudit } from '@agnes/rbac';
import { bumpVersion, type StateDatabase, schema } from '@agnes/state';
import { and, eq } from 'drizzle-orm';

export interface SyncedMemberships {
  readonly userId: string;
  /** Whose rows these are; nobody else's are touched. */
  readonly source: string;
  readonly groupIds: readonly string[];
}

export interface MembershipChange {
  readonly added: number;
  readonly removed: number;
}

/**
 * Makes the memberships of somebody from one source exactly these, inside a transaction. The last active administrator
 * stays one, whatever the source says; the audit log then says so.
 */
export async function replaceMemberships(
  tx: StateDatabase,
  { userId, source, groupIds }: SyncedMemberships,
): Promise<MembershipChange> {
  const { userGroupMembers } = schema;
  const wanted = new Set(groupIds);
  const mine = and(eq(userGroupMembers.user_id, userId), eq(userGroupMembers.source, source));
  const rows = await tx.select().from(userGroupMembers).where(mine);
  let added = 0;
  let removed = 0;
  for (const groupId of wanted) if (await insertMember(tx, { groupId, userId, source }, null)) added += 1;
  for (const row of rows) {
    if (wanted.has(row.group_id)) continue;
    const before = await countActiveAdmins(tx);
    await tx.delete(userGroupMembers).where(and(mine, eq(userGroupMembers.group_id, row.group_id)));
    const params = { user_id: userId, source };
    const resource = `group:${row.group_id}`;
    if (row.group_id === ADMIN_GROUP_ID && before > 0 && (await countActiveAdmins(tx)) === 0) {
      await tx.insert(userGroupMembers).values(row);
      await recordAudit(tx, { userId: null, action: 'member.remove', resource, params, result: 'last_admin' });
      continue;
    }
    await recordAudit(tx, { userId: null, action: 'member.remove', resource, params });
    await bumpVersion(tx, 'access_version');
    removed += 1;
  }
  return { added, removed };
}
