import { ADMIN_GROUP_ID, recordAudit } from '@agnes/rbac';
import { type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';

const KEY = 'bootstrap';

/** Whether there was ever an administrator. Once true, it stays true: a setting says so for ever. */
export async function hadAnAdmin(db: StateDatabase): Promise<boolean> {
  const { settings, userGroupMembers } = schema;
  const [closed] = await db.select({ key: settings.key }).from(settings).where(eq(settings.key, KEY));
  if (closed !== undefined) return true;
  const [admin] = await db
    .select({ id: userGroupMembers.user_id })
    .from(userGroupMembers)
    .where(eq(userGroupMembers.group_id, ADMIN_GROUP_ID))
    .limit(1);
  return admin !== undefined;
}

/** Closes the bootstrap for ever, inside the transaction that makes an administrator. */
export async function closeBootstrap(
  tx: StateDatabase,
  how: 'bootstrap' | 'seed' | 'break_glass',
  at: Date,
): Promise<void> {
  const { settings } = schema;
  const [closed] = await tx.select({ key: settings.key }).from(settings).where(eq(settings.key, KEY));
  if (closed !== undefined) return;
  await tx.insert(settings).values({ key: KEY, value: { how, closed_at: at.toISOString() }, updated_at: at });
  await recordAudit(tx, { userId: null, action: 'auth.bootstrap_closed', params: { how } });
}
