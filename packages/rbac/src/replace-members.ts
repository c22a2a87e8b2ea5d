import { type StateDatabase, schema } from '@agnes/state';
import { and, eq } from 'drizzle-orm';
import { recordAudit } from './audit.ts';
import { ADMIN_GROUP_ID, EVERYONE_GROUP_ID } from './groups.ts';
import { insertMember, type MembershipSource, withdrawMember } from './membership-rows.ts';

export interface SyncedMemberships {
  /** Of the person whose account it is. */
  readonly userId: string;
  /** The directory that says so: `google_sync`, `oidc:<provider>`. */
  readonly source: MembershipSource;
  /** All groups that the source says the person is in. They exist. */
  readonly groupIds: readonly string[];
}

export interface ReplacedMemberships {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Whether the source took away the last active administrator, who stays one; the audit log says so. */
  readonly keptLastAdmin: boolean;
}

/** Sources of which each row is somebody's own act: nothing replaces them as a whole. */
const SINGLE: readonly MembershipSource[] = ['admin', 'system_seed'];

/**
 * Makes the memberships that `source` gave to a person those it gives now, in the caller's transaction. What other sources
 * gave stays. Does nothing, and moves no version, when nothing differs.
 */
export async function replaceMembers(tx: StateDatabase, now: SyncedMemberships): Promise<ReplacedMemberships> {
  const { userId, source } = now;
  if (SINGLE.includes(source)) throw new Error(`The memberships of '${source}' are not replaced as a whole.`);
  const wanted = new Set(now.groupIds.filter((id) => id !== EVERYONE_GROUP_ID));
  await requireGroups(tx, wanted);
  const { userGroupMembers } = schema;
  const rows = await tx
    .select({ id: userGroupMembers.group_id })
    .from(userGroupMembers)
    .where(and(eq(userGroupMembers.user_id, userId), eq(userGroupMembers.source, source)));
  const had = new Set(rows.map(({ id }) => id));

  const added = [...wanted].filter((id) => !had.has(id));
  for (const groupId of added) await insertMember(tx, { groupId, userId, source }, null);

  const gone = [...had].filter((id) => !wanted.has(id));
  const keptLastAdmin = gone.includes(ADMIN_GROUP_ID) && (await isLastAdminRow(tx, userId, source));
  const removed = gone.filter((id) => !(keptLastAdmin && id === ADMIN_GROUP_ID));
  for (const groupId of removed) await withdrawMember(tx, { groupId, userId, source }, null);
  if (keptLastAdmin) {
    await recordAudit(tx, {
      userId: null,
      action: 'member.remove',
      resource: `group:${ADMIN_GROUP_ID}`,
      params: { user_id: userId, source },
      result: 'last_admin',
    });
  }
  return { added, removed, keptLastAdmin };
}

async function requireGroups(tx: StateDatabase, ids: ReadonlySet<string>): Promise<void> {
  if (ids.size === 0) return;
  const known = await tx.select({ id: schema.userGroups.id }).from(schema.userGroups);
  const there = new Set(known.map(({ id }) => id));
  for (const id of ids) if (!there.has(id)) throw new Error(`There is no group '${id}' to be a member of.`);
}

/** Whether nobody would be an active administrator without this row. */
async function isLastAdminRow(tx: StateDatabase, userId: string, source: string): Promise<boolean> {
  const { userGroupMembers, users } = schema;
  const rows = await tx
    .select({ userId: users.id, source: userGroupMembers.source })
    .from(userGroupMembers)
    .innerJoin(users, eq(users.id, userGroupMembers.user_id))
    .where(and(eq(userGroupMembers.group_id, ADMIN_GROUP_ID), eq(users.active, true)));
  return rows.length > 0 && rows.every((row) => row.userId === userId && row.source === source);
}
