import { bumpVersion, type StateDatabase, schema } from '@agnes/state';
import { and, eq, ne } from 'drizzle-orm';
import { recordAudit } from './audit.ts';
import { endSessions } from './end-sessions.ts';
import { ADMIN_GROUP_ID } from './groups.ts';
import { keepAnAdmin } from './last-admin.ts';

/** Who says that somebody is a member. Each says so in a row of its own, and takes away only what it gave. */
export type MembershipSource = 'admin' | 'system_seed' | (string & {});

export interface MembershipKey {
  readonly groupId: string;
  readonly userId: string;
  readonly source: MembershipSource;
}

/** Adds a membership inside a transaction. False when that source said so before; then nothing changes. */
export async function insertMember(tx: StateDatabase, key: MembershipKey, by: string | null): Promise<boolean> {
  const { userGroupMembers } = schema;
  const before = await sourcesOf(tx, key);
  if (before.includes(key.source)) return false;
  if (before.length === 0) await endSessionsOfAdmin(tx, key);
  await tx.insert(userGroupMembers).values({
    user_id: key.userId,
    group_id: key.groupId,
    source: key.source,
    added_at: new Date(),
    added_by: by,
  });
  await recordAudit(tx, {
    userId: by,
    action: 'member.add',
    resource: `group:${key.groupId}`,
    params: { user_id: key.userId, source: key.source },
  });
  await bumpVersion(tx, 'access_version');
  return true;
}

/**
 * Takes back what one source gave, inside a transaction; whoever is no member of Admin after that signs in anew. Does not
 * look whether an administrator is left.
 */
export async function withdrawMember(tx: StateDatabase, key: MembershipKey, by: string | null): Promise<void> {
  const { userGroupMembers } = schema;
  const said = and(
    eq(userGroupMembers.group_id, key.groupId),
    eq(userGroupMembers.user_id, key.userId),
    eq(userGroupMembers.source, key.source),
  );
  await tx.delete(userGroupMembers).where(said);
  if ((await sourcesOf(tx, key)).length === 0) await endSessionsOfAdmin(tx, key);
  await recordAudit(tx, {
    userId: by,
    action: 'member.remove',
    resource: `group:${key.groupId}`,
    params: { user_id: key.userId, source: key.source },
  });
  await bumpVersion(tx, 'access_version');
}

/** {@link withdrawMember} for everybody whom a source put into a group, but for `except`. */
export async function withdrawMembers(
  tx: StateDatabase,
  { groupId, source }: Omit<MembershipKey, 'userId'>,
  except?: string,
): Promise<void> {
  const { userGroupMembers } = schema;
  const rows = await tx
    .select({ userId: userGroupMembers.user_id })
    .from(userGroupMembers)
    .where(
      and(
        eq(userGroupMembers.group_id, groupId),
        eq(userGroupMembers.source, source),
        except === undefined ? undefined : ne(userGroupMembers.user_id, except),
      ),
    );
  for (const { userId } of rows) await withdrawMember(tx, { groupId, userId, source }, null);
}

/** Takes an account out of every group, inside the transaction that deletes the account. Throws `last_admin`. */
export async function removeFromAllGroups(tx: StateDatabase, userId: string): Promise<void> {
  await keepAnAdmin(tx, () => tx.delete(schema.userGroupMembers).where(eq(schema.userGroupMembers.user_id, userId)));
  await bumpVersion(tx, 'access_version');
}

/** Whoever becomes an administrator, or is one no longer, signs in anew: no session changes what it may do that far. */
async function endSessionsOfAdmin(tx: StateDatabase, key: Pick<MembershipKey, 'groupId' | 'userId'>): Promise<void> {
  if (key.groupId === ADMIN_GROUP_ID) await endSessions(tx, key.userId, new Date());
}

async function sourcesOf(tx: StateDatabase, { groupId, userId }: MembershipKey): Promise<string[]> {
  const { userGroupMembers } = schema;
  const rows = await tx
    .select({ source: userGroupMembers.source })
    .from(userGroupMembers)
    .where(and(eq(userGroupMembers.group_id, groupId), eq(userGroupMembers.user_id, userId)));
  return rows.map(({ source }) => source);
}
